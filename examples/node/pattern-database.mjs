// Database operations: the driver's instrumentation records each statement; one
// span of one's own says what they are for, and how the transaction ended.
//
//   node --import ./tracing.mjs pattern-database.mjs   (DATABASE_URL: a PostgreSQL)
import { SpanStatusCode, trace } from '@opentelemetry/api';
import pg from 'pg';
import { link } from './sdk.mjs';
import { sdk } from './tracing.mjs';

const tracer = trace.getTracer('database', '1.0.0');
const db = new pg.Pool({ connectionString: process.env.DATABASE_URL });

async function transaction(name, work) {
  return tracer.startActiveSpan(name, async (span) => {
    console.log(name, link(span));
    const connection = await db.connect();
    try {
      await connection.query('BEGIN');
      const result = await work(connection, span);
      await connection.query('COMMIT');
      span.setAttribute('db.transaction.outcome', 'committed');
      return result;
    } catch (error) {
      await connection.query('ROLLBACK');
      span.setAttribute('db.transaction.outcome', 'rolled back');
      span.recordException(error);
      span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
      throw error;
    } finally {
      connection.release();
      span.end();
    }
  });
}

function createAndTransfer(cents) {
  return async (connection, span) => {
    await connection.query('CREATE TEMP TABLE accounts (id int, cents int CHECK (cents >= 0)) ON COMMIT DROP');
    await connection.query('INSERT INTO accounts VALUES (1, 500), (2, 0)');
    const update = 'UPDATE accounts SET cents = cents + $1 WHERE id = $2';
    await connection.query(update, [cents, 2]);
    const { rowCount } = await connection.query(update, [-cents, 1]);
    span.setAttribute('transfer.rows', rowCount);
  };
}

await transaction('transfer', createAndTransfer(300));
await transaction('overdraw', createAndTransfer(900)).catch((error) => console.log(error.message));
await db.end();
await sdk.shutdown();
