import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** Packs every asset once, so that the server never does. */
function packed(): Plugin {
  return {
    name: 'packed',
    apply: 'build',
    writeBundle({ dir }) {
      const folder = join(dir ?? '', 'assets');
      for (const name of readdirSync(folder)) {
        if (!/\.(js|css|svg)$/.test(name)) continue;
        const content = readFileSync(join(folder, name));
        writeFileSync(join(folder, `${name}.gz`), gzipSync(content, { level: 9 }));
        writeFileSync(join(folder, `${name}.br`), brotliCompressSync(content));
      }
    },
  };
}

export default defineConfig({
  // The server writes the base path into index.html; scripts find each other beside themselves.
  base: './',
  plugins: [react(), packed()],
  build: {
    assetsInlineLimit: 0,
    target: 'es2023',
    modulePreload: {
      polyfill: false,
      resolveDependencies: (_, dependencies, { hostType }) => (hostType === 'html' ? dependencies : []),
    },
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      output: {
        // What every page needs, in one piece: it is packed better, and stays the same when pages change.
        codeSplitting: {
          groups: [
            {
              name: 'vendor',
              test: /node_modules\/(react|react-dom|scheduler|openapi-fetch|get-nonce|@tanstack\/(?!react-virtual|virtual-core)[a-z-]+)\//,
            },
            // The small controls that every page draws, for the same reason.
            {
              name: 'controls',
              test: /@mantine\/core\/esm\/(core|components\/(UnstyledButton|Loader|Transition|CloseButton|Input|OptionalPortal|Portal|FocusTrap|Popover|Button|Skeleton))\/|@mantine\/hooks\/|createReactComponent/,
            },
            // What nearly every page imports: two dozen files of a few lines each are packed badly one by one.
            {
              name: 'shared',
              test: /\/src\/(api\/(client|errors|query-client)|shared\/(Page|Mark|Chip|When|time|states|Actor|Can|sentence|QueryBar|toasts)|eventlog\/(query|model|api|Delta|live|types)|environments\/api|session\/(api|model|permissions)|app\/(follow|shortcuts|timeline\/[A-Za-z]+))\.tsx?$|components\/TextInput\/|icons\/Icon(Plus|Minus|Dots|Trash|ChevronDown|ChevronUp|ChevronRight)\./,
            },
          ],
        },
      },
    },
  },
  server: {
    proxy: Object.fromEntries(['/api', '/auth', '/logout', '/docs'].map((path) => [path, 'http://127.0.0.1:4242'])),
  },
});
