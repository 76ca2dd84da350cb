// Whatever a program has in its hands (an answer, a Response, an error of fetch or axios) as evidence.
import { asNumber, constantsOf, has, isBytes, isMapping, truthy } from "./python.js";
import { newFacts } from "./objects.js";
import { placeOf } from "./texts.js";

const EVIDENCE_KEYS = [...constantsOf("engine").EVIDENCE_KEYS, "httpStatus"];
const MOST_CAUSES = 5;

export const isResponse = (value) =>
  typeof value === "object" && value !== null && typeof value.text === "function" &&
  typeof value.status === "number" && typeof value.headers?.get === "function";

const isError = (value) => value instanceof Error || (isObject(value) && typeof value.message === "string" && typeof value.stack === "string");
const isObject = (value) => typeof value === "object" && value !== null;

/** The Response inside an input, or null: its body has to be waited for. */
export function responseIn(input) {
  if (isResponse(input)) return input;
  return isError(input) && isResponse(input.response) ? input.response : null;
}

/** Evidence in its shape, from any input and options that fill in or override its fields. */
export function asEvidence(input, options = {}) {
  const fields = fieldsOf(input);
  const pick = (...names) => {
    for (const source of [options, fields]) {
      for (const name of names) if (source[name] !== undefined && source[name] !== null) return source[name];
    }
    return null;
  };
  const exception = pick("exception");
  const evidence = {
    surface: textOr(pick("surface"), "threads"),
    stage: textOr(pick("stage"), "unknown"),
    http_status: statusOf(pick("httpStatus", "http_status")),
    headers: headersOf(pick("headers")),
    body: pick("body"),
    exception: (isError(exception) ? errorText(exception) : textOr(exception, "")) || null,
    context: isMapping(pick("context")) ? pick("context") : {},
    transport: textOr(pick("transport"), "") || null,
  };
  return fields.request ? placed(evidence, fields.request) : evidence;
}

/** Surface and stage from the request's address, where the caller did not say. */
function placed(evidence, request) {
  const facts = newFacts(evidence.surface, evidence.stage);
  placeOf(request, facts);
  return { ...evidence, surface: facts.surface, stage: facts.stage };
}

function fieldsOf(input) {
  if (input === undefined || input === null) return {};
  if (isResponse(input)) return { httpStatus: input.status, headers: input.headers, request: input.url || "" };
  if (isError(input)) return fieldsOfError(input);
  if (isBytes(input) || !isMapping(input)) return { body: input };
  return isEvidenceRow(input) ? input : { body: input };
}

function fieldsOfError(error) {
  const config = error.config ?? error.request ?? {};
  const request = isObject(config) ? `${String(config.method ?? "").toUpperCase()} ${String(config.url ?? error.url ?? "")}`.trim() : "";
  const answer = error.response;
  if (isResponse(answer)) return { ...fieldsOf(answer), request: `${request} ${answer.url || ""}`.trim() };
  if (isObject(answer)) {
    // axios: data; got and others: body. An object that is neither is the answer itself.
    const status = answer.status ?? answer.statusCode;
    const known = ["data", "body"].find((name) => answer[name] !== undefined);
    const body = known ? answer[known] : status === undefined ? answer : null;
    return { httpStatus: status, headers: answer.headers, body: body === "" ? null : body, request };
  }
  for (const name of ["body", "data"]) {
    if (isObject(error[name]) || (typeof error[name] === "string" && error[name].includes("{"))) {
      return { httpStatus: error.status ?? error.statusCode, body: error[name], request };
    }
  }
  return { exception: errorText(error), httpStatus: error.status ?? error.statusCode, request };
}

/** Name, message and code of an error and of what caused it. */
export function errorText(error) {
  const told = [];
  for (let one = error; isObject(one) && told.length < MOST_CAUSES; one = one.cause ?? one.errors?.[0]) {
    const code = typeof one.code === "string" && !String(one.message).includes(one.code) ? ` (${one.code})` : "";
    told.push(`${one.name ?? "Error"}: ${one.message ?? ""}${code}`);
  }
  return told.join("; caused by ");
}

/** Whether an object is evidence with fields of its own, rather than an answer's body. */
function isEvidenceRow(row) {
  if (["error", "fbtrace_id", "error_message"].some((key) => has(row, key))) return false;
  return EVIDENCE_KEYS.some((key) => has(row, key)) && !(has(row, "message") && has(row, "code"));
}

const textOr = (value, otherwise) => (typeof value === "string" && value ? value : truthy(value) ? String(value) : otherwise);

function statusOf(value) {
  const status = typeof value === "string" && value.length < 6 ? asNumber(value) : value;
  return Number.isInteger(status) && status >= 100 && status <= 599 ? status : null;
}

function headersOf(value) {
  if (!isObject(value)) return {};
  if (typeof value.forEach === "function" && typeof value.get === "function" && !Array.isArray(value)) {
    const headers = {};
    value.forEach((one, name) => (headers[name] = String(one)));
    return headers;
  }
  const plain = typeof value.toJSON === "function" ? value.toJSON() : value;
  if (!isMapping(plain)) return {};
  return Object.fromEntries(Object.entries(plain).map(([name, one]) => [name, Array.isArray(one) ? one.join(", ") : one]));
}
