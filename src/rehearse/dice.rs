//! Chance from a seed: the same seed throws the same dice on every machine.

/// SplitMix64.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Dice for what these numbers name, such as a seed and the number of a call.
    pub fn of(parts: &[u64]) -> Dice {
        let mut dice = Dice(0);
        for part in parts {
            dice.0 = dice.roll() ^ part.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
        dice
    }

    /// The next number.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below a bound, which is not 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.roll() % bound.max(1)
    }

    /// One of a list; none of an empty one.
    pub fn one<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(usize::try_from(self.below(of.len() as u64)).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_numbers_and_another_seed_gives_others() {
        let numbers = |parts: &[u64]| -> Vec<u64> {
            let mut dice = Dice::of(parts);
            (0..8).map(|_| dice.below(1000)).collect()
        };
        assert_eq!(numbers(&[7, 1]), numbers(&[7, 1]));
        assert_ne!(numbers(&[7, 1]), numbers(&[7, 2]));
        assert_ne!(numbers(&[7, 1]), numbers(&[1, 7]));
    }

    #[test]
    fn every_number_below_the_bound_comes_up() {
        let mut dice = Dice::of(&[1]);
        let mut count = [0; 10];
        (0..10_000).for_each(|_| count[dice.below(10) as usize] += 1);
        assert!(count.iter().all(|n| (850..1150).contains(n)), "{count:?}");
    }
}
