// OpenFeature for browsers, with the official OFREP provider, which polls unless it is told to listen.
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
import { OpenFeature } from '@openfeature/web-sdk';
import { converse, token, url } from './conversation.mjs';

const polls = { pollInterval: 200, changeDetection: 'polling' };
const provider = new OFREPWebProvider({
  baseUrl: url,
  headers: [['Authorization', token]],
  ...(process.argv[3] === 'streaming' ? {} : polls),
});
await OpenFeature.setProviderAndWait(provider, { targetingKey: 'nobody' });
const client = OpenFeature.getClient();

await converse(
  async ({ type, flag, fallback, context }) => {
    if (context) await OpenFeature.setContext(context);
    return client[`get${type}Details`](flag, fallback);
  },
  () => OpenFeature.close(),
);
