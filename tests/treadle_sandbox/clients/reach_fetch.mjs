// A client with Meta's host in its code, by Node's fetch.
const form = new URLSearchParams({ media_type: "TEXT", text: "from fetch", auto_publish_text: "true", access_token: process.argv[2] });
const answer = await fetch("https://graph.threads.net/v1.0/me/threads", { method: "POST", body: form });
console.log(await answer.text());
