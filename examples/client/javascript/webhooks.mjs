// Receive one webhook and verify its signature, with a test event.
import { createServer } from "node:http";
import { SignatureError, Treadle, verifyWebhook } from "treadle-diagnosis/client";

const treadle = new Treadle();
let secret = "";
let received;
const arrived = new Promise((resolve) => { received = resolve; });

const receiver = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  try {
    const payload = await verifyWebhook(Buffer.concat(chunks), request.headers, secret); // the bytes as they arrived
    console.log("verified:", payload.type);
    response.writeHead(204).end();
  } catch (error) {
    if (!(error instanceof SignatureError)) throw error;
    response.writeHead(400).end(error.message);
  }
  received();
});
await new Promise((resolve) => receiver.listen(0, "127.0.0.1", resolve));
const webhook = await treadle.webhooks.create({ url: `http://127.0.0.1:${receiver.address().port}/treadle` });
secret = webhook.secret;
await treadle.webhooks.ping(webhook.id);
await arrived;
await treadle.webhooks.delete(webhook.id);
receiver.close();
receiver.closeAllConnections();
