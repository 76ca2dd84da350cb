// A client that posts a text, and looks before it posts again when an answer got lost.
export class Threads {
  readonly baseUrl: string;
  readonly token: string;

  constructor(baseUrl: string, token: string) {
    this.baseUrl = baseUrl;
    this.token = token;
  }

  async call(method: "GET" | "POST", path: string, fields: Record<string, string>): Promise<any> {
    const form = new URLSearchParams({ ...fields, access_token: this.token });
    const url = `${this.baseUrl}/v1.0/${path}`;
    const answer = method === "POST" ? await fetch(url, { method, body: form }) : await fetch(`${url}?${form}`);
    const body = await answer.json();
    if (!answer.ok) throw new Error(`${answer.status}: ${body.error.message}`);
    return body;
  }

  async post(text: string): Promise<string> {
    const { id } = await this.call("POST", "me/threads", { media_type: "TEXT", text });
    while ((await this.call("GET", id, { fields: "status" })).status === "IN_PROGRESS") {
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    try {
      return (await this.call("POST", "me/threads_publish", { creation_id: id })).id;
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // fetch says TypeError when no answer came: it may be live
      if ((await this.call("GET", id, { fields: "status" })).status !== "PUBLISHED") throw error;
      return (await this.call("GET", "me/threads", { limit: "1" })).data[0].id;
    }
  }
}
