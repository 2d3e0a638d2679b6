// A CLIENT span around a database call, by hand: what to write for a driver
// that has no instrumentation. (pg has one, see express.mjs; it is not loaded
// here, as each statement would be told twice.)
//
//   node database.mjs   (DATABASE_URL: a PostgreSQL)
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import {
  ATTR_DB_COLLECTION_NAME,
  ATTR_DB_NAMESPACE,
  ATTR_DB_OPERATION_NAME,
  ATTR_DB_QUERY_TEXT,
  ATTR_DB_RESPONSE_STATUS_CODE,
  ATTR_DB_SYSTEM_NAME,
  ATTR_ERROR_TYPE,
} from '@opentelemetry/semantic-conventions';
import pg from 'pg';
import { link, start } from './sdk.mjs';

const sdk = start();
const tracer = trace.getTracer('database', '1.0.0');
const db = new pg.Pool({ connectionString: process.env.DATABASE_URL });

// The text holds $1, never the values: those would be personal data in the trace.
async function queryDatabase(operation, table, sql, params) {
  const options = {
    kind: SpanKind.CLIENT,
    attributes: {
      [ATTR_DB_SYSTEM_NAME]: 'postgresql',
      [ATTR_DB_NAMESPACE]: new URL(process.env.DATABASE_URL).pathname.slice(1),
      [ATTR_DB_OPERATION_NAME]: operation,
      [ATTR_DB_COLLECTION_NAME]: table,
      [ATTR_DB_QUERY_TEXT]: sql,
    },
  };
  return tracer.startActiveSpan(`${operation} ${table}`, options, async (span) => {
    try {
      const result = await db.query(sql, params);
      span.setAttribute('db.response.returned_rows', result.rows.length);
      return result;
    } catch (error) {
      const code = error.code ?? error.name; // SQLSTATE when the database said no
      span.setAttributes({ [ATTR_DB_RESPONSE_STATUS_CODE]: code, [ATTR_ERROR_TYPE]: code });
      span.recordException(error);
      span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
      throw error;
    } finally {
      span.end();
    }
  });
}

await tracer.startActiveSpan('list tables', async (span) => {
  console.log(link(span));
  const sql = 'SELECT relname FROM pg_class WHERE relname = ANY($1)';
  await queryDatabase('SELECT', 'pg_class', sql, [['pg_class', 'pg_type']]);
  await queryDatabase('SELECT', 'missing', 'SELECT * FROM missing', []).catch(() => {});
  span.end();
});
await db.end();
await sdk.shutdown();
