// The API reference: Swagger UI over the document, with a search over all calls. Calls are sent only to the server that
// answered this page; a copy of it in the documentation sends none.
"use strict";

(async () => {
  const page = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => page.classList.toggle("dark-mode", dark.matches);
  dark.addEventListener("change", follow);
  follow();

  const copy = window.treadleDocument;
  const found = document.getElementById("found");
  let spec = copy;
  if (!copy) {
    try {
      const answer = await fetch("/openapi.json");
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      spec = await answer.json();
    } catch (error) {
      found.textContent = `The API document cannot be read (${error.message}). Reload the page.`;
      return;
    }
    spec.servers = [{ url: location.origin, description: "This server." }];
  }

  const fieldsOf = (schema, depth = 0) => {
    if (!schema || typeof schema !== "object" || depth > 3) return [];
    if (schema.$ref) return fieldsOf(spec.components.schemas[schema.$ref.split("/").pop()], depth + 1);
    const inner = [...(schema.anyOf ?? []), ...(schema.allOf ?? []), ...(schema.oneOf ?? []), schema.items];
    const own = Object.entries(schema.properties ?? {});
    return [...own.flatMap(([name, field]) => [name, ...fieldsOf(field, depth + 1)]), ...inner.flatMap((one) => fieldsOf(one, depth + 1))];
  };
  const words = (method, path, operation) =>
    [
      method,
      path,
      operation.operationId,
      operation.summary,
      operation.description,
      ...(operation.tags ?? []),
      ...(operation.parameters ?? []).flatMap((one) => [one.name, one.description]),
      ...Object.values(operation.requestBody?.content ?? {}).flatMap((one) => fieldsOf(one.schema)),
      ...Object.values(operation.responses ?? {}).flatMap((one) => Object.keys(one["x-codes"] ?? {})),
    ]
      .filter(Boolean)
      .join("\n")
      .toLowerCase();
  const METHODS = ["get", "put", "post", "delete", "patch", "head", "options"];
  const index = new Map(
    Object.entries(spec.paths).flatMap(([path, item]) =>
      METHODS.filter((method) => item[method]).map((method) => [`${method} ${path}`, words(method, path, item[method])]),
    ),
  );
  const matches = (key, phrase) => phrase.toLowerCase().split(/\s+/).every((word) => (index.get(key) ?? "").includes(word));

  const ui = SwaggerUIBundle({
    spec,
    dom_id: "#reference",
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    displayOperationId: true,
    displayRequestDuration: true,
    operationsSorter: null,
    persistAuthorization: false, // a key stays in this page and is gone with it
    requestSnippetsEnabled: true,
    supportedSubmitMethods: copy ? [] : METHODS,
    tryItOutEnabled: false,
    validatorUrl: null,
    plugins: [
      () => ({
        components: { FilterContainer: () => null }, // the search field of the page takes its place
        fn: {
          opsFilter: (tagged, phrase) =>
            tagged
              .map((tag) =>
                tag.set("operations", tag.get("operations").filter((one) => matches(`${one.get("method")} ${one.get("path")}`, phrase))),
              )
              .filter((tag) => tag.get("operations").size > 0),
        },
      }),
    ],
  });

  const search = document.getElementById("find");
  const say = () => {
    const phrase = search.value.trim();
    const count = [...index.keys()].filter((key) => matches(key, phrase)).length;
    ui.layoutActions.updateFilter(phrase || false);
    page.classList.toggle("searching", phrase !== "");
    found.textContent = phrase === "" ? "" : count === 0 ? "No call has all of these words." : `${count} of ${index.size} calls`;
  };
  search.addEventListener("input", say);
  search.form.addEventListener("submit", (event) => event.preventDefault());
  search.form.hidden = false;
  if (search.value) say();
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    event.preventDefault();
    search.focus();
  });

  const elsewhere = document.getElementById("elsewhere");
  elsewhere?.addEventListener("submit", (event) => {
    event.preventDefault();
    const address = new URL(new FormData(elsewhere).get("server"));
    if (/^https?:$/.test(address.protocol)) location.assign(`${address.origin}/docs${location.hash}`);
  });
})();
