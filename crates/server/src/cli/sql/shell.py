"""DuckDB's package as a shell: `shell.py VIEWS`, which reads statements, or
`shell.py VIEWS QUERY FORMAT`, where FORMAT is that of COPY, or empty for a table."""

import sys

import duckdb


def run(connection, statement):
    result = connection.sql(statement)
    if result is not None:
        result.show()


def main(views, query=None, form=""):
    connection = duckdb.connect()
    with open(views, encoding="utf-8") as text:
        connection.execute(text.read())
    if query is not None and form:
        connection.execute(f"COPY ({query}) TO '/dev/stdout' (FORMAT {form})")
        return
    if query is not None:
        run(connection, query)
        return
    statement = ""
    while True:
        try:
            line = input("... " if statement else "sql> ")
        except EOFError:
            return
        statement += line + "\n"
        if line.rstrip().endswith(";"):
            try:
                run(connection, statement)
            except duckdb.Error as error:
                print(error, file=sys.stderr)
            statement = ""


try:
    main(*sys.argv[1:])
except duckdb.Error as error:
    sys.exit(str(error))
