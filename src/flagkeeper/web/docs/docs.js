"use strict";

const byId = (id) => document.getElementById(id);
/** The path below which the server is found: this page is at its /docs/openapi. */
const base = new URL("..", location).pathname.replace(/\/$/, "");
let api;
let operations = [];

/** An element with attributes and children; text is never read as markup. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== undefined && value !== false) made.setAttribute(key, value);
  }
  made.append(...children.flat().filter((child) => child !== undefined));
  return made;
}

function resolve(thing) {
  let found = thing;
  while (found && found.$ref) {
    found = found.$ref.slice(2).split("/").reduce((inside, key) => inside[key], api);
  }
  return found;
}

function collect() {
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const words = [method, path, operation.summary, operation.operationId, operation.tags, operation["x-permissions"]];
      operations.push({ ...operation, method, path, words: words.flat().join(" ").toLowerCase() });
    }
  }
}

function showList() {
  const wanted = byId("filter").value.trim().toLowerCase().split(/\s+/);
  const current = location.hash.slice(1);
  const groups = new Map(api.tags.map((tag) => [tag.name, []]));
  for (const operation of operations) {
    if (wanted.every((word) => operation.words.includes(word))) groups.get(operation.tags[0]).push(operation);
  }
  byId("list").replaceChildren(
    ...[...groups].filter(([, found]) => found.length).map(([tag, found]) =>
      element("details", { open: wanted[0] !== "" || found.some((each) => each.operationId === current) },
        element("summary", {}, tag, " ", element("span", {}, String(found.length))),
        found.map((each) =>
          element("a", { href: "#" + each.operationId, title: each.path, "aria-current": each.operationId === current && "page" },
            element("span", { class: "method " + each.method }, each.method), " ", each.summary)))));
}

/** What kind of value a schema wants, in a few words. */
function kind(schema) {
  if (schema.$ref) return kind(resolve(schema));
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.length > 12 ? `one of ${schema.enum.length} words` : schema.enum.map((each) => JSON.stringify(each)).join(" | ");
  const choices = schema.anyOf || schema.oneOf;
  if (choices) return choices.length > 6 ? `one of ${choices.length} forms` : choices.map(kind).join(" | ");
  if (schema.type === "array") return "list of " + kind(schema.items || {});
  if (schema.type === "object" && schema.additionalProperties && !schema.properties) return "map to " + kind(schema.additionalProperties);
  if (schema.type === "object") return schema.title || "object";
  return schema.type || "anything";
}

/** The objects inside a schema, so that their fields can be listed. */
function objects(schema) {
  const found = resolve(schema);
  if (found.properties) return [found];
  const inside = found.anyOf || found.oneOf || (found.items && [found.items]) || (found.additionalProperties && [found.additionalProperties]) || [];
  return inside.length > 6 ? [] : inside.flatMap((each) => (each.type === "null" ? [] : objects(each)));
}

function fields(schema, seen = []) {
  const lists = objects(schema).filter((each) => !seen.includes(each)).map((object) =>
    element("ul", {}, Object.entries(object.properties).map(([name, property]) =>
      element("li", {},
        element("code", { class: (object.required || []).includes(name) && "required" }, name), " ",
        element("span", { class: "faint" }, kind(property), property.default !== undefined ? `, default ${JSON.stringify(property.default)}` : ""),
        seen.length < 4 ? fields(property, [...seen, object]) : undefined))));
  return lists;
}

/** A value that a schema would accept, to start from. */
function example(schema, depth = 0) {
  const found = resolve(schema);
  if (found.const !== undefined) return found.const;
  if (found.default !== undefined) return found.default;
  if (found.enum) return found.enum[0];
  if (found.anyOf || found.oneOf) return example((found.anyOf || found.oneOf)[0], depth);
  if (found.type === "array") return depth > 3 ? [] : [example(found.items || {}, depth + 1)];
  if (found.properties) {
    const wanted = Object.entries(found.properties).filter(([name]) => depth < 4 && (found.required || []).includes(name));
    return Object.fromEntries(wanted.map(([name, property]) => [name, example(property, depth + 1)]));
  }
  return { string: "", integer: 0, number: 0, boolean: false, object: {}, null: null }[found.type] ?? null;
}

function schemaBlock(content) {
  const [type, media] = Object.entries(content)[0];
  return element("div", { class: "schema" }, element("span", { class: "faint" }, `${type}: ${kind(media.schema)}`), fields(media.schema));
}

function parametersTable(operation) {
  if (!operation.parameters) return [];
  return [element("h3", {}, "Parameters"), element("table", {}, operation.parameters.map((parameter) =>
    element("tr", {},
      element("td", {}, element("code", { class: parameter.required && "required" }, parameter.name), " ", element("span", { class: "faint" }, parameter.in)),
      element("td", {}, element("input", { name: parameter.name, "data-in": parameter.in, "aria-label": parameter.name, placeholder: kind(parameter.schema) })),
      element("td", {}, parameter.description || ""))))];
}

function showOperation() {
  const operation = operations.find((each) => each.operationId === location.hash.slice(1));
  if (!operation) {
    byId("operation").replaceChildren(element("h2", {}, api.info.title), element("p", {}, api.info.description),
      element("p", { class: "faint" }, `${operations.length} operations. Choose one on the left.`));
    return;
  }
  const body = operation.requestBody && Object.entries(operation.requestBody.content)[0];
  const form = element("form", { onsubmit: (event) => { event.preventDefault(); send(operation, form); } },
    parametersTable(operation),
    body ? [element("h3", {}, "Body"), schemaBlock(operation.requestBody.content),
      element("textarea", { name: "body", spellcheck: "false", "aria-label": "Body" }, JSON.stringify(example(body[1].schema), null, 2))] : [],
    element("p", {}, element("button", {}, "Send")),
    element("div", { class: "answer", "aria-live": "polite" }));
  byId("operation").replaceChildren(
    element("h2", {}, operation.summary),
    element("p", {}, element("span", { class: "method " + operation.method }, operation.method), " ", element("code", {}, operation.path)),
    element("p", { class: "faint" }, operation.description.replaceAll("`", ""), ` Operation: ${operation.operationId}.`),
    form,
    element("h3", {}, "Answers"),
    element("table", {}, Object.entries(operation.responses).map(([status, response]) => {
      const found = resolve(response);
      return element("tr", {}, element("td", {}, element("code", {}, status)),
        element("td", {}, found.description, found.content && status < "400" ? schemaBlock(found.content) : undefined));
    })));
}

async function send(operation, form) {
  let path = operation.path;
  const query = new URLSearchParams();
  const headers = {};
  for (const input of form.querySelectorAll("[data-in]")) {
    if (input.dataset.in === "path") path = path.replace(`{${input.name}}`, encodeURIComponent(input.value));
    else if (input.value && input.dataset.in === "query") query.append(input.name, input.value);
    else if (input.value) headers[input.name] = input.value;
  }
  const token = byId("token").value.trim();
  if (token) headers.Authorization = token;
  const body = form.elements.body?.value;
  if (body) headers["Content-Type"] = "application/json";
  const url = base + path + (query.size ? "?" + query : "");
  const place = form.querySelector(".answer");
  place.replaceChildren(element("p", { class: "faint" }, "Waiting for the answer."));
  const started = performance.now();
  try {
    const answer = await fetch(url, { method: operation.method.toUpperCase(), headers, body });
    const text = await answer.text();
    let shown = text;
    try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON: shown as it is */ }
    place.replaceChildren(
      element("p", {}, element("code", {}, `${operation.method.toUpperCase()} ${url}`), ` answered ${answer.status} in ${Math.round(performance.now() - started)} ms`),
      element("pre", {}, shown || "(no body)"));
  } catch (error) {
    place.replaceChildren(element("p", {}, `No answer: ${error.message}`));
  }
}

async function start() {
  const answer = await fetch("openapi.json");
  api = await answer.json();
  byId("version").textContent = api.info.version;
  collect();
  byId("filter").addEventListener("input", showList);
  addEventListener("hashchange", () => { showList(); showOperation(); });
  showList();
  showOperation();
}

start().catch((error) => byId("operation").replaceChildren(element("p", {}, `The description could not be loaded: ${error.message}`)));
