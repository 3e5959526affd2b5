//! Windows: when steps may begin, such as `Sun 02:00-05:00 Asia/Tokyo`. Pure: the time is an input.

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::order;
use crate::model::step::Step;

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// A window that comes every week.
#[derive(Clone, Debug, PartialEq)]
struct Window {
    days: Vec<Weekday>,
    from: Time,
    to: Time,
    zone: TimeZone,
}

/// When steps may begin; without a single window: always.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Windows(Vec<Window>);

/// What a window looks like.
pub const FORM: &str = "such as `Sun 02:00-05:00 Asia/Tokyo`, `Mon-Fri 22:00-06:00 UTC`, `Sat,Sun 01:00-04:00 Europe/Berlin`";

impl Windows {
    /// Reads windows.
    ///
    /// # Errors
    /// What is wrong with the first that is none.
    pub fn parse(texts: &[String]) -> Result<Windows, String> {
        texts.iter().map(|text| window(text)).collect::<Result<_, _>>().map(Windows)
    }

    /// Until when steps may run that begin at this moment, in milliseconds since 1970; none if none may begin.
    pub fn closes_ms(&self, now_ms: u64) -> Option<u64> {
        if self.0.is_empty() {
            return Some(u64::MAX);
        }
        let open = self.0.iter().flat_map(|window| window.around(now_ms)).filter(|(from, to)| (*from..*to).contains(&now_ms));
        open.map(|(_, to)| to).max()
    }

    /// When the next window opens after this moment.
    pub fn opens_ms(&self, now_ms: u64) -> Option<u64> {
        self.0.iter().flat_map(|window| window.around(now_ms)).map(|(from, _)| from).filter(|from| *from > now_ms).min()
    }

    /// Whether a step that usually takes so long may begin at this moment.
    pub fn fits(&self, now_ms: u64, usual_s: u64) -> bool {
        self.closes_ms(now_ms).is_some_and(|closes| now_ms.saturating_add(usual_s * 1000) <= closes)
    }

    /// How long the longest lasts, in seconds; none if it is always open.
    pub fn longest_s(&self, now_ms: u64) -> Option<u64> {
        self.0.iter().flat_map(|window| window.around(now_ms)).map(|(from, to)| (to - from) / 1000).max()
    }
}

impl Window {
    /// When it opens and closes, from the week before a moment to the week after.
    fn around(&self, now_ms: u64) -> Vec<(u64, u64)> {
        let now = Timestamp::from_millisecond(i64::try_from(now_ms).unwrap_or(i64::MAX)).unwrap_or(Timestamp::MAX);
        let today = now.to_zoned_datetime(self.zone.clone()).date();
        let dates = (-8..=8).filter_map(|days: i64| today.checked_add(days.days()).ok());
        dates.filter(|date| self.days.contains(&date.weekday())).filter_map(|date| self.on(date)).collect()
    }

    fn on(&self, date: Date) -> Option<(u64, u64)> {
        // One that ends when or before it begins ends the next day.
        let last = if self.to <= self.from { date.tomorrow().ok()? } else { date };
        let ms = |date: Date, time: Time| {
            u64::try_from(date.to_datetime(time).to_zoned_datetime(self.zone.clone()).ok()?.timestamp().as_millisecond()).ok()
        };
        Some((ms(date, self.from)?, ms(last, self.to)?))
    }
}

/// The steps, of these in the plan's order, that do not fit into what is left of the window if they begin now and take as
/// long as usual.
pub fn left_over<'p>(windows: &Windows, steps: &[&'p Step], now_ms: u64) -> Vec<&'p str> {
    let Some(closes) = windows.closes_ms(now_ms) else { return steps.iter().map(|step| step.id.as_str()).collect() };
    let (times, _) = order::schedule(steps.iter().copied(), None);
    let end = |step: &&&Step| times.get(step.id.as_str()).map_or(0, |(_, end)| *end);
    steps.iter().filter(|step| now_ms.saturating_add(end(step) * 1000) > closes).map(|step| step.id.as_str()).collect()
}

fn window(text: &str) -> Result<Window, String> {
    let mut words = text.split_whitespace();
    let (Some(days), Some(times), Some(zone), None) = (words.next(), words.next(), words.next(), words.next()) else {
        return Err(format!("`{text}` is no window"));
    };
    let (from, to) = times.split_once(['-', '–']).ok_or_else(|| format!("`{times}` names no two times of day"))?;
    let time = |text: &str| text.parse::<Time>().map_err(|_| format!("`{text}` is no time of day"));
    let zone = TimeZone::get(zone).map_err(|_| format!("`{zone}` is no time zone"))?;
    Ok(Window { days: weekdays(days)?, from: time(from)?, to: time(to)?, zone })
}

fn weekdays(text: &str) -> Result<Vec<Weekday>, String> {
    let day = |name: &str| {
        let found = DAYS.iter().position(|(known, _)| *known == name.to_lowercase());
        found.ok_or_else(|| format!("`{name}` is no day: Mon, Tue, Wed, Thu, Fri, Sat or Sun"))
    };
    let mut out = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (day(first)?, day(last)?);
        // `Sat-Mon` goes over the end of the week.
        let count = (last + 7 - first) % 7;
        out.extend((first..=first + count).map(|at| DAYS[at % 7].1));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str) -> u64 {
        u64::try_from(text.parse::<Timestamp>().expect("a time").as_millisecond()).expect("after 1970")
    }

    fn windows(texts: &[&str]) -> Windows {
        Windows::parse(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>()).expect("windows")
    }

    #[test]
    fn a_window_opens_and_closes_in_its_own_zone() {
        let tokyo = windows(&["Sun 02:00-05:00 Asia/Tokyo"]);
        // Sunday 29 November 2026, 02:00 in Tokyo, is Saturday 17:00 in UTC.
        assert_eq!(tokyo.closes_ms(ms("2026-11-28T16:59:59Z")), None);
        assert_eq!(tokyo.closes_ms(ms("2026-11-28T17:00:00Z")), Some(ms("2026-11-28T20:00:00Z")));
        assert_eq!(tokyo.closes_ms(ms("2026-11-28T20:00:00Z")), None);
        assert_eq!(tokyo.opens_ms(ms("2026-11-28T17:00:00Z")), Some(ms("2026-12-05T17:00:00Z")));
        assert!(tokyo.fits(ms("2026-11-28T19:50:00Z"), 600) && !tokyo.fits(ms("2026-11-28T19:50:00Z"), 601));
        assert_eq!(tokyo.longest_s(ms("2026-11-28T00:00:00Z")), Some(3 * 3600));
    }

    #[test]
    fn a_window_goes_over_midnight_and_over_the_end_of_the_week() {
        let nights = windows(&["Sat-Mon 22:00-06:00 UTC"]);
        assert_eq!(
            nights.closes_ms(ms("2026-11-29T03:00:00Z")),
            Some(ms("2026-11-29T06:00:00Z")),
            "Sunday's early morning is Saturday's night"
        );
        assert_eq!(nights.closes_ms(ms("2026-12-01T05:00:00Z")), Some(ms("2026-12-01T06:00:00Z")), "Monday's night");
        assert_eq!(nights.closes_ms(ms("2026-12-01T23:00:00Z")), None, "Tuesday has none");
    }

    #[test]
    fn a_window_is_as_long_as_the_clocks_make_it() {
        // On 25 October 2026 clocks in Berlin go back from 03:00 to 02:00.
        let berlin = windows(&["Sun 01:00-04:00 Europe/Berlin"]);
        assert_eq!(berlin.closes_ms(ms("2026-10-24T23:00:00Z")), Some(ms("2026-10-25T03:00:00Z")));
    }

    #[test]
    fn without_a_window_it_is_always_open() {
        assert!(Windows::default().fits(0, 1_000_000));
        assert_eq!(Windows::default().longest_s(0), None);
    }

    #[test]
    fn what_is_no_window_is_said() {
        for (text, why) in [
            ("Sun 02:00-05:00", "`Sun 02:00-05:00` is no window"),
            ("Sonntag 02:00-05:00 UTC", "`Sonntag` is no day"),
            ("Sun 02:00 UTC", "`02:00` names no two times"),
            ("Sun 02:00-25:00 UTC", "`25:00` is no time of day"),
            ("Sun 02:00-05:00 Asia/Tokio", "`Asia/Tokio` is no time zone"),
        ] {
            let said = Windows::parse(&[text.to_owned()]).expect_err(text);
            assert!(said.starts_with(why), "{said}");
        }
    }
}
