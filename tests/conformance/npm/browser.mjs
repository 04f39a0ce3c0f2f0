// The SDK for browsers, unleash-proxy-client.
import { InMemoryStorageProvider, UnleashClient } from 'unleash-proxy-client';
import { converse, token, url } from './conversation.mjs';

const impressions = [];
const client = new UnleashClient({
  url: `${url}/api/frontend`,
  clientKey: token,
  appName: 'web',
  refreshInterval: 1,
  metricsInterval: 1,
  metricsIntervalInitial: 1,
  storageProvider: new InMemoryStorageProvider(),
  usePOSTrequests: process.argv[3] === 'POST',
});
client.on('impression', (event) => impressions.push(event.featureName));
await client.start();

await converse(
  async ({ flag, context }) => {
    if (context) await client.updateContext(context);
    return { on: client.isEnabled(flag), variant: client.getVariant(flag), impressions };
  },
  () => client.stop(),
);
