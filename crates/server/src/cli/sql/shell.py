"""DuckDB's package as a shell: `shell.py VIEWS`, which reads statements, or
`shell.py VIEWS QUERY FORMAT`, where FORMAT is json, csv, or empty for a table."""

import csv
import os
import sys

import duckdb

ROWS = 10_000


def batches(cursor):
    while rows := cursor.fetchmany(ROWS):
        yield rows


def show(connection, statement):
    result = connection.sql(statement)
    if result is not None:
        result.show()


def write(connection, query, form):
    """Rows for programs. Not COPY: that opens standard output anew and truncates a file."""
    if form == "json":
        for rows in batches(connection.execute(f"SELECT to_json(row) FROM ({query}) AS row")):
            sys.stdout.writelines(row[0] + "\n" for row in rows)
        return
    cursor = connection.execute(query)
    lines = csv.writer(sys.stdout, lineterminator="\n")
    lines.writerow(column[0] for column in cursor.description)
    for rows in batches(cursor):
        lines.writerows(rows)


def read(connection):
    prompts = ("sql> ", "... ") if sys.stdin.isatty() else ("", "")
    statement = ""
    while True:
        try:
            line = input(prompts[statement != ""])
        except EOFError:
            return
        statement += line + "\n"
        if line.rstrip().endswith(";"):
            try:
                show(connection, statement)
            except duckdb.Error as error:
                print(error, file=sys.stderr)
            statement = ""


def main(views, query=None, form=""):
    connection = duckdb.connect()
    with open(views, encoding="utf-8") as text:
        connection.execute(text.read())
    if query is None:
        read(connection)
    elif form:
        write(connection, query, form.split(",")[0])
    else:
        show(connection, query)
    sys.stdout.flush()


try:
    main(*sys.argv[1:])
except duckdb.Error as error:
    sys.exit(str(error))
except BrokenPipeError:
    # Whoever read has heard enough.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
