//! Just enough HTTP for the control paths of the emulator and the proxy.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Sends one request to 127.0.0.1 and returns the body; panics unless the answer is a 2xx.
pub fn request(port: u16, method: &str, path: &str, body: &str) -> String {
    request_with(port, method, path, "", body)
}

/// The same with further headers, each ending with `\r\n`.
pub fn request_with(port: u16, method: &str, path: &str, headers: &str, body: &str) -> String {
    match exchange(port, method, path, headers, body) {
        Ok((200..300, _, answer)) => answer,
        Ok((status, _, answer)) => panic!("{method} {path} on port {port}: {status}: {answer}"),
        Err(error) => panic!("{method} {path} on port {port}: {error}"),
    }
}

/// The same, whatever the answer: its status, its head and its body.
pub fn exchange(port: u16, method: &str, path: &str, headers: &str, body: &str) -> std::io::Result<(u16, String, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    )?;
    read_answer(&mut stream)
}

/// Reads head and body. The proxy keeps a connection open that was asked to close, so the length decides.
fn read_answer(stream: &mut TcpStream) -> std::io::Result<(u16, String, String)> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut answer = Vec::new();
    let mut chunk = [0; 8192];
    loop {
        if let Some((status, start, Some(length))) = head(&answer)
            && answer.len() >= start + length
        {
            return Ok((status, text(&answer[..start]), text(&answer[start..start + length])));
        }
        match stream.read(&mut chunk)? {
            0 => break,
            n => answer.extend_from_slice(&chunk[..n]),
        }
    }
    match head(&answer) {
        Some((status, start, _)) => {
            let head = text(&answer[..start]);
            let chunked = head.to_lowercase().contains("transfer-encoding: chunked");
            let body = if chunked { unchunked(&answer[start..]) } else { answer[start..].to_vec() };
            Ok((status, head, text(&body)))
        }
        None => Err(std::io::Error::other("the connection closed without an answer")),
    }
}

/// A body that came in chunks, each after a line with its length in hexadecimal.
fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|window| window == b"\r\n") {
        let length = std::str::from_utf8(&rest[..end]).ok().and_then(|text| usize::from_str_radix(text.trim(), 16).ok()).unwrap_or(0);
        let Some(chunk) = rest.get(end + 2..end + 2 + length).filter(|_| length > 0) else { break };
        body.extend_from_slice(chunk);
        rest = rest.get(end + 4 + length..).unwrap_or_default();
    }
    body
}

/// The status, where the body starts, and its length if the server says it.
fn head(answer: &[u8]) -> Option<(u16, usize, Option<usize>)> {
    let start = answer.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&answer[..start]);
    let status = text.split_whitespace().nth(1)?.parse().ok()?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    Some((status, start, length))
}
