// A day's work with the generated client: it compiles only if the description says what the API
// takes and gives. Nothing here runs.
import createClient from "openapi-fetch";
import type { components, paths } from "./generated.js";

type Staff = components["schemas"]["Staff"];

export async function day(url: string): Promise<string> {
  const open = createClient<paths>({ baseUrl: url });
  const login = await open.POST("/v1/sessions", {
    body: { login: "ada@harbour.example", password: "seven tall lighthouses" },
  });
  if (login.error) throw new Error(login.error.code);
  // A browser that asks for a cookie gets no tokens.
  if (!("access_token" in login.data)) throw new Error(`no token until ${login.data.expires_at}`);
  const token: string = login.data.access_token;
  const client = createClient<paths>({
    baseUrl: url,
    headers: { authorization: `Bearer ${token}` },
  });

  const created = await client.POST("/v1/staff", {
    params: { header: { "idempotency-key": "grace" } },
    body: { first_name: "Grace", skills: [{ code: "camera", level: 4 }] },
  });
  if (created.error) throw new Error(created.error.detail);
  const grace: Staff = created.data;
  // An answer holds all its fields: what may be null says so, and nothing may be missing.
  const home: { lat: number; lng: number } | null = grace.home;

  await client.PATCH("/v1/staff/{id}", {
    params: { path: { id: grace.id }, header: { "if-match": `"${grace.version}"` } },
    body: { last_name: "Hopper" },
  });
  // @ts-expect-error an update says which version it changes
  await client.PATCH("/v1/staff/{id}", { params: { path: { id: grace.id } }, body: {} });
  // @ts-expect-error a service has a name
  await client.POST("/v1/services", { body: {} });
  // A change of one need not name it.
  await client.PATCH("/v1/services/{id}", {
    params: { path: { id: grace.id }, header: { "if-match": "*" } },
    body: {},
  });

  const page = await client.GET("/v1/staff", { params: { query: { q: "gra", limit: 10 } } });
  if (page.error) throw new Error(page.error.title);
  const next: string | null = page.data.next_cursor;

  const ranked = await client.POST("/v1/recommendations", {
    body: { place: { position: { lat: 38.7, lng: -9.1 } }, limit: 3, funnel: true },
  });
  if (ranked.error) throw new Error(ranked.error.code);
  const best = ranked.data.result.candidates[0];
  return `${best?.display_name ?? "nobody"} ${home?.lat ?? 0} ${next ?? ""}`;
}
