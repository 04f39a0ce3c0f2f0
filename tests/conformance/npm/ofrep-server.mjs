// OpenFeature for servers, with the official OFREP provider.
import { OFREPProvider } from '@openfeature/ofrep-provider';
import { OpenFeature } from '@openfeature/server-sdk';
import { converse, token, url } from './conversation.mjs';

await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl: url, headers: [['Authorization', token]] }));
const client = OpenFeature.getClient();

await converse(
  ({ type, flag, fallback, context }) => client[`get${type}Details`](flag, fallback, context),
  () => OpenFeature.close(),
);
