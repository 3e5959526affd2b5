//! An AWS that isn't there, or doesn't accept who asks.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use super::{Desk, Refusal};
use crate::support::command::Hikkoshi;

const COMMANDS: &[&[&str]] =
    &[&["init", "--name", "new", "--vpc", "vpc-1"], &["discover", "story"], &["apply", "story", "--yes"], &["verify", "story"]];

/// An AWS that says the same to everybody, for as long as the test process lives.
fn says(status: &str, body: &str) -> String {
    let (status, body) = (status.to_owned(), body.to_owned());
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 16 * 1024];
            let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
            let _ = stream.read(&mut request);
            let length = body.len();
            let _ = write!(
                stream,
                "HTTP/1.1 {status}\r\nContent-Type: text/xml\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            );
        }
    });
    url
}

/// What STS says to a guest of this account.
fn caller(account: &str) -> String {
    format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
         <Arn>arn:aws:iam::{account}:user/guest</Arn><UserId>AIDA</UserId><Account>{account}</Account></GetCallerIdentityResult>\
         <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    )
}

#[test]
fn an_endpoint_that_is_not_there_is_told_within_half_a_minute() {
    let desk = Desk::new();
    let hikkoshi = desk.hikkoshi().env("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    for command in COMMANDS {
        let begun = Instant::now();
        let says: &[&str] = &["sts:GetCallerIdentity got no answer", "http://127.0.0.1:1", "AWS_ENDPOINT_URL"];
        desk.refuses_by(&hikkoshi, command, &Refusal { exit: 1, code: "HK0301", says });
        assert!(begun.elapsed() < Duration::from_secs(30), "it took {:?}", begun.elapsed());
    }
}

#[test]
fn expired_credentials_are_told() {
    let url = says(
        "403 Forbidden",
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type><Code>ExpiredToken</Code>\
         <Message>The security token included in the request is expired</Message></Error><RequestId>1</RequestId></ErrorResponse>",
    );
    let desk = Desk::new();
    for command in COMMANDS {
        let says: &[&str] = &["AWS does not accept the credentials: ExpiredToken: The security token", "aws sso login"];
        desk.refuses_by(&Hikkoshi::new(desk.dir(), &url), command, &Refusal { exit: 1, code: "HK0302", says });
    }
}

#[test]
fn no_credentials_at_all_are_told() {
    let desk = Desk::new();
    let hikkoshi = desk.hikkoshi().without("AWS_ACCESS_KEY_ID").without("AWS_SECRET_ACCESS_KEY").limit(Duration::from_secs(30));
    for command in COMMANDS {
        desk.refuses_by(&hikkoshi, command, &Refusal { exit: 1, code: "HK0302", says: &["there are no AWS credentials", "aws sso login"] });
    }
}

/// Where a machine's own credentials are asked for and refused, the SDK has much to say about it: not to her.
#[test]
fn no_credentials_on_a_machine_that_refuses_its_own_are_told_in_as_many_words() {
    let desk = Desk::new();
    let hikkoshi = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED", "NO_COLOR"]
        .iter()
        .fold(desk.hikkoshi(), |hikkoshi, name| hikkoshi.without(name))
        .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", &says("403 Forbidden", "no"));
    let told = hikkoshi.run(&["discover", "story"]).expect_code(1);
    assert!(told.stderr.starts_with("error[HK0302]: there are no AWS credentials\n"), "{}", told.stderr);
}

#[test]
fn somebody_elses_credentials_or_another_region_are_refused() {
    let url = says("200 OK", &caller("999999999999"));
    let desk = Desk::new();
    let hikkoshi = Hikkoshi::new(desk.dir(), &url);
    for command in &COMMANDS[1..] {
        let says: &[&str] = &["the credentials belong to account 999999999999", "you are arn:aws:iam::999999999999:user/guest"];
        desk.refuses_by(&hikkoshi, command, &Refusal { exit: 2, code: "HK0103", says });
    }
    let without = desk.hikkoshi().without("AWS_REGION");
    let says: &[&str] = &["no AWS region is set", "--region"];
    desk.refuses_by(&without, &["init", "--name", "new", "--vpc", "vpc-1"], &Refusal { exit: 2, code: "HK0111", says });
}

#[test]
fn a_machines_clock_that_is_minutes_off_is_told() {
    let desk = Desk::new();
    let dated = |off_s: i64| {
        let now = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(off_s);
        let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&now).expect("a date of this century");
        let url = says(&format!("200 OK\r\nDate: {date}"), &caller("123456789012"));
        Hikkoshi::new(desk.dir(), &url).run(&["verify", "story"]).stderr
    };
    let (ahead, behind, right) = (dated(-240), dated(240), dated(-2));
    assert!(ahead.starts_with("! this machine's clock is 5 min ahead of AWS's: ") || ahead.contains("is 4 min ahead of"), "{ahead}");
    assert!(behind.contains("! this machine's clock is 4 min behind AWS's: "), "{behind}");
    assert!(!right.contains("clock"), "{right}");
}

#[test]
fn a_clock_for_tests_is_refused_wherever_it_could_hurt() {
    let desk = Desk::new();
    let fast = |url: &str| desk.hikkoshi().env("HIKKOSHI_CLOCK", "1764374400000x10").env("AWS_ENDPOINT_URL", url);
    let says: &[&str] = &["HIKKOSHI_CLOCK is set", "for tests", "unset HIKKOSHI_CLOCK"];
    let divided = fast("http://127.0.0.1:1").env("AWS_ENDPOINT_URL_EC2", "http://192.0.2.1");
    for hikkoshi in [fast("http://192.0.2.1"), desk.hikkoshi().env("HIKKOSHI_CLOCK", "soon"), divided] {
        desk.refuses_by(&hikkoshi, &["apply", "story", "--yes"], &Refusal { exit: 2, code: "HK0111", says });
    }
    let says: &[&str] = &["sts:GetCallerIdentity got no answer"];
    desk.refuses_by(&fast("http://127.0.0.1:1"), &["apply", "story", "--yes"], &Refusal { exit: 1, code: "HK0301", says });
}
