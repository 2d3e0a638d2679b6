//! Statements as spans show them.

use super::Database;
use super::statement::{Dialect, Statement};
use crate::mock::{MockExporter, expect};
use crate::{SpanKind, Status};
use proptest::prelude::*;

#[test]
fn statements_lose_their_literals_and_show_operation_and_tables() {
    for (sql, text, summary) in [
        ("SELECT 1", "SELECT ?", "SELECT"),
        (
            "select * from orders where id = 7",
            "select * from orders where id = ?",
            "SELECT orders",
        ),
        (
            "SELECT 'it''s', -1.5e-3, x'ff' FROM t",
            "SELECT ?, -?, ? FROM t",
            "SELECT t",
        ),
        (
            "SELECT E'a\\'b' , 'c\\' FROM t",
            "SELECT ? , ? FROM t",
            "SELECT t",
        ),
        (
            "SELECT $1, $tag$it's$tag$, $$x$$ FROM t",
            "SELECT $1, ?, ? FROM t",
            "SELECT t",
        ),
        (
            "SELECT a -- 'secret\nFROM t /* x /* y */ z */ WHERE b",
            "SELECT a FROM t WHERE b",
            "SELECT t",
        ),
        (
            "SELECT \"a b\" FROM \"s\".\"T\" AS x",
            "SELECT \"a b\" FROM \"s\".\"T\" AS x",
            "SELECT s.T",
        ),
        (
            "SELECT x FROM a JOIN b ON a.i = b.i",
            "SELECT x FROM a JOIN b ON a.i = b.i",
            "SELECT a b",
        ),
        (
            "INSERT INTO t (a, b) VALUES ($1, 'x')",
            "INSERT INTO t (a, b) VALUES ($1, ?)",
            "INSERT t",
        ),
        (
            "insert into t(a) values (1) on conflict do update set a = 2",
            "insert into t(a) values (?) on conflict do update set a = ?",
            "INSERT t",
        ),
        (
            "UPDATE ONLY s.t SET a = 1",
            "UPDATE ONLY s.t SET a = ?",
            "UPDATE s.t",
        ),
        (
            "DELETE FROM t WHERE a IS DISTINCT FROM b",
            "DELETE FROM t WHERE a IS DISTINCT FROM b",
            "DELETE t",
        ),
        (
            "SELECT EXTRACT(year FROM d) FROM t FOR UPDATE SKIP LOCKED",
            "SELECT EXTRACT(year FROM d) FROM t FOR UPDATE SKIP LOCKED",
            "SELECT t",
        ),
        (
            "SELECT * FROM generate_series(1, 10)",
            "SELECT * FROM generate_series(?, ?)",
            "SELECT",
        ),
        (
            "SELECT * FROM (SELECT 1 FROM t) x",
            "SELECT * FROM (SELECT ? FROM t) x",
            "SELECT t",
        ),
        (
            "WITH x AS (SELECT 1 FROM t) DELETE FROM u",
            "WITH x AS (SELECT ? FROM t) DELETE FROM u",
            "DELETE t u",
        ),
        (
            "CREATE TABLE IF NOT EXISTS t (a int)",
            "CREATE TABLE IF NOT EXISTS t (a int)",
            "CREATE t",
        ),
        ("  COMMIT", "COMMIT", "COMMIT"),
        ("SELECT 'not closed", "SELECT ?", "SELECT"),
        (
            "SELECT é FROM größe WHERE x='ü'",
            "SELECT é FROM größe WHERE x=?",
            "SELECT größe",
        ),
        ("", "", ""),
    ] {
        let statement = Statement::read(sql, Dialect::Standard);
        assert_eq!(statement.text, text, "{sql}");
        assert_eq!(statement.summary().unwrap_or_default(), summary, "{sql}");
    }
}

#[test]
fn mysql_writes_text_in_either_quotes() {
    for (sql, text) in [
        (r#"SELECT "it's" FROM `t`"#, "SELECT ? FROM `t`"),
        (r"SELECT 'it\'s secret' # more", "SELECT ? "),
    ] {
        assert_eq!(Statement::read(sql, Dialect::MySql).text, text, "{sql}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_literal_passes(
        before in "[a-z =(,]{0,12}", secret in "[^\u{0}]{0,20}", after in "[a-z =),]{0,12}", any in ".{0,60}",
    ) {
        let quoted = format!("SECRET{secret}").replace('\'', "''");
        let sql = format!("SELECT {before} '{quoted}' {after} 1234567");
        let text = Statement::read(&sql, Dialect::Standard).text;
        prop_assert!(!text.contains("SECRET") && !text.contains("1234567"), "{}", text);
        // Whatever it is, it is read to its end.
        Statement::read(&any, Dialect::Standard);
        Statement::read(&any, Dialect::MySql);
    }
}

#[tokio::test]
async fn a_statement_is_a_client_span_with_stable_names() {
    let mock = MockExporter::new();
    let shop = Database::postgresql()
        .server("db", 5432)
        .namespace("shop")
        .tracer(mock.tracer());
    let request = mock.tracer().span("request").start();
    let attached = request.attach();
    let sql = "SELECT a FROM orders WHERE id = 7";
    let run = async {
        drop(mock.tracer().span("inside").start());
        Ok::<_, std::io::Error>(1)
    };
    assert_eq!(shop.statement(sql, run).await.unwrap(), 1);
    let failing = async { Err::<(), _>(std::io::Error::other("secret")) };
    shop.clone()
        .with_literals()
        .statement("DELETE FROM a USING b, c", failing)
        .await
        .unwrap_err();
    drop((attached, request));
    mock.assert([
        expect("request"),
        expect("SELECT orders")
            .kind(SpanKind::Client)
            .child_of("request")
            .status(Status::Unset)
            .attribute("db.system.name", "postgresql")
            .attribute("db.namespace", "shop")
            .attribute("db.query.text", "SELECT a FROM orders WHERE id = ?")
            .attribute("db.query.summary", "SELECT orders")
            .attribute("db.operation.name", "SELECT")
            .attribute("db.collection.name", "orders")
            .attribute("server.address", "db")
            .attribute("server.port", 5432),
        expect("inside").child_of("SELECT orders"),
        expect("DELETE a")
            .status(Status::Error("".into()))
            .attribute("error.type", "std::io::error::Error"),
    ]);
}
