// What a test asks comes as lines of JSON, and so does what the client said.
import { createInterface } from 'node:readline';

export const { url, token } = JSON.parse(process.argv[2]);

export async function converse(answer, end) {
  console.log(JSON.stringify('ready'));
  for await (const line of createInterface({ input: process.stdin })) {
    const asked = JSON.parse(line);
    try {
      console.log(JSON.stringify(await answer(asked)));
    } catch (error) {
      console.log(JSON.stringify({ error: String(error) }));
    }
  }
  await end();
}
