//! stub until merge
use std::collections::BTreeMap;
/// stub
pub fn order<'a>(steps: impl Iterator<Item = (&'a str, Vec<&'a str>)>) -> Result<Vec<Vec<usize>>, Vec<String>> {
    let steps: Vec<_> = steps.collect();
    let index: BTreeMap<&str, usize> = steps.iter().enumerate().map(|(i, s)| (s.0, i)).collect();
    let mut layer = vec![usize::MAX; steps.len()];
    let mut out: Vec<Vec<usize>> = Vec::new();
    let mut done = 0;
    while done < steps.len() {
        let now: Vec<usize> = (0..steps.len())
            .filter(|i| layer[*i] == usize::MAX && steps[*i].1.iter().all(|n| index.get(n).is_none_or(|j| layer[*j] != usize::MAX)))
            .collect();
        if now.is_empty() {
            return Err(vec!["circle".into()]);
        }
        for i in &now {
            layer[*i] = out.len();
        }
        done += now.len();
        out.push(now);
    }
    Ok(out)
}
