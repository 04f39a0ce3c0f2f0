// The SDK for servers, unleash-client, that polls or listens (`streaming`).
import unleash from 'unleash-client';
import { converse, token, url } from './conversation.mjs';

const client = await unleash.startUnleash({
  url: `${url}/api`,
  appName: 'node',
  instanceId: 'n1',
  refreshInterval: 1000,
  metricsInterval: 1000,
  customHeaders: { Authorization: token },
  experimentalMode: { type: process.argv[3] ?? 'polling' },
});

await converse(
  ({ flag, context }) => ({ on: client.isEnabled(flag, context), variant: client.getVariant(flag, context) }),
  () => client.destroyWithFlush(),
);
