//! Servers that are busy or deaf, exports that are cut short, real data.

use super::*;

/// Answers each request on a connection of its own with the next response.
fn answers(responses: Vec<Vec<u8>>) -> (String, thread::JoinHandle<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let served = thread::spawn(move || {
        let mut served = 0;
        for response in responses {
            let (mut connection, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(connection.try_clone().unwrap());
            let mut body_bytes = 0;
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                let line = line.trim_end().to_ascii_lowercase();
                if let Some(length) = line.strip_prefix("content-length: ") {
                    body_bytes = length.parse().unwrap();
                }
                if line.is_empty() {
                    break;
                }
            }
            reader.read_exact(&mut vec![0; body_bytes]).unwrap();
            connection.write_all(&response).unwrap();
            served += 1;
        }
        served
    });
    (address, served)
}

#[test]
fn a_busy_server_is_asked_again_when_it_says_and_a_deaf_one_is_given_up() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("one.json");
    std::fs::write(&path, GOOD).unwrap();
    let path = path.to_str().unwrap();
    let busy = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 0\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let taken = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let (address, served) = answers(vec![busy.to_vec(), busy.to_vec(), taken.to_vec()]);
    let done = run(&["import", "--endpoint", &address, path]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(served.join().unwrap(), 3);
    assert!(
        done.stdout.contains("sent again     2 requests"),
        "{}",
        done.stdout
    );

    let later = b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 3600\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let (address, served) = answers(vec![later.to_vec()]);
    let done = run(&["import", "--endpoint", &address, "--retry-for", "1s", path]);
    served.join().unwrap();
    assert_eq!(done.code, Some(1));
    let expected = format!("error: {address} does not take spans: 429 Too Many Requests");
    assert!(done.stderr.starts_with(&expected), "{}", done.stderr);
    assert!(
        done.stdout.contains("acknowledged   0 spans"),
        "{}",
        done.stdout
    );
}

#[test]
fn an_export_that_is_cut_short_leaves_no_file_that_looks_whole() {
    let dir = tempfile::tempdir().unwrap();
    let message = otlp::json::decode(GOOD.as_bytes()).unwrap().batch;
    let message = otlp::protobuf::encode(&message);
    let mut record = u32::try_from(message.len()).unwrap().to_be_bytes().to_vec();
    record.extend_from_slice(&message);
    let reason = [
        &[0xff; 4][..],
        br#"{"code":"damaged","message":"block 7 is damaged"}"#,
    ]
    .concat();
    for (end, expected) in [
        (&reason[..], "block 7 is damaged"),
        (&record[..9], "it ended within a record"),
        (b"", "it ended without a last record"),
    ] {
        let head = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n";
        let (address, served) = answers(vec![[&head[..], &record, end].concat()]);
        let path = dir.path().join("traces.otlp");
        let output = path.to_str().unwrap();
        let done = run(&["export", "--server", &address, "--output", output]);
        served.join().unwrap();
        assert_eq!(done.code, Some(1));
        assert!(done.stderr.contains(expected), "{}", done.stderr);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}

#[test]
fn real_data_sets_are_imported_whole() {
    let files = [
        ("traces/trainticket-2023-01-29_30.otlp.pb.gz", 508_018),
        ("traces/otel-python-fanout.otlp.pb.gz", 14_972),
        ("traces/otel-demo/otel-tui_test_data.jsonl.gz", 547),
    ];
    let found: Vec<_> = files
        .into_iter()
        .filter_map(|(file, spans)| Some((shared_data::find(file)?, spans)))
        .collect();
    if found.is_empty() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let server = Running::start(dir.path(), &["--retention", "3650d"]);
    let expected: u64 = found.iter().map(|(_, spans)| spans).sum();
    let paths: Vec<&str> = found
        .iter()
        .map(|(path, _)| path.to_str().unwrap())
        .collect();
    let done = import(&server, &[&["--json"], &paths[..]].concat());
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let result: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(result["spans"]["read"], expected);
    assert_eq!(result["spans"]["acknowledged"], expected);
    assert_eq!(stored(&server), expected);
}

/// Asks for everything and reads nothing but the status.
fn unread_export(server: &Running) -> (TcpStream, String) {
    let mut connection = TcpStream::connect(server.address("query-http")).unwrap();
    connection
        .write_all(b"GET /api/export HTTP/1.1\r\nhost: x\r\n\r\n")
        .unwrap();
    let mut status = String::new();
    let mut byte = [0];
    while !status.ends_with('\n') {
        connection.read_exact(&mut byte).unwrap();
        status.push(char::from(byte[0]));
    }
    (connection, status.trim_end().to_owned())
}

#[test]
fn an_export_ends_with_its_client_and_makes_room_for_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path());
    // More than the buffers of a connection take.
    let text = "x".repeat(100_000);
    for trace in 1..=300 {
        let span = TestSpan::new(trace, 1, "cart", "GET /", START_NS).with_text("text", &text);
        server.store(otlp::protobuf::encode(&batch(&[span])));
    }
    let running: Vec<_> = (0..2).map(|_| unread_export(&server)).collect();
    assert!(
        running
            .iter()
            .all(|(_, status)| status == "HTTP/1.1 200 OK")
    );
    let refused = server.get("/api/export");
    assert_eq!(refused.status, 503);
    let hint = refused.json()["hint"].as_str().unwrap().to_owned();
    assert_eq!(hint, "2 exports run already; wait for one to end");
    drop(running);
    // The server hears of it when it writes next.
    let deadline = Instant::now() + Duration::from_secs(30);
    let answer = loop {
        let answer = server.get("/api/export");
        if answer.status == 200 {
            break answer;
        }
        assert!(Instant::now() < deadline, "the places are still taken");
    };
    assert_eq!(spans_in(&answer.body).len(), 300);
}
