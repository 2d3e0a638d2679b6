// Automatic instrumentation: nothing in this file knows of tracing but the
// line that prints the link. The SDK records a span for the fetch, the
// request, Express's middleware and handler, and the SQL statement.
//
//   node --import ./tracing.mjs express.mjs       (DATABASE_URL: a PostgreSQL)
import { trace } from '@opentelemetry/api';
import express from 'express';
import pg from 'pg';
import { link } from './sdk.mjs';
import { sdk } from './tracing.mjs';

const db = new pg.Pool({ connectionString: process.env.DATABASE_URL });
const app = express();

app.get('/api/users', async (request, response) => {
  console.log(link(trace.getActiveSpan()));
  const users = await db.query('SELECT id, name FROM (VALUES (1, $1::text)) AS users (id, name)', [
    'Ada',
  ]);
  response.json(users.rows);
});

// A person would leave the server running; this one asks itself once.
const server = app.listen(0, '127.0.0.1', async () => {
  const answer = await fetch(`http://127.0.0.1:${server.address().port}/api/users`);
  console.log(await answer.text());
  server.close();
  await db.end();
  await sdk.shutdown();
});
