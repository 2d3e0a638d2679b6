//! A histogram whose buckets grow by a factor: OpenTelemetry's exponential one, and what
//! Prometheus calls native.
//!
//! Bucket `i` is above `base^i` and up to `base^(i+1)`, where `base = 2^(2^-scale)`. It
//! begins as fine as can be; where a value would need more buckets than there may be, two
//! neighbours each become one, and the scale is one less. **So no range of values must be
//! known before, and the error is bounded.**

/// The finest scale of OpenTelemetry's SDKs.
const SCALE_MAX: i32 = 20;

/// See the module's text. It counts positive values and zeros.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Exponential {
    size_max: usize,
    pub(crate) scale: i32,
    pub(crate) zeros: f64,
    /// Which bucket is the first of `counts`.
    pub(crate) offset: i32,
    pub(crate) counts: Vec<f64>,
}

impl Exponential {
    /// Of so many buckets at most, which are at least two.
    pub(crate) fn new(size_max: usize) -> Self {
        Self {
            size_max: size_max.max(2),
            scale: SCALE_MAX,
            zeros: 0.0,
            offset: 0,
            counts: Vec::new(),
        }
    }

    /// One as large that has counted nothing.
    pub(crate) fn nothing(&self) -> Self {
        Self::new(self.size_max)
    }

    /// One value more, which counts for so many.
    pub(crate) fn add(&mut self, value: f64, weight: f64) {
        if value <= 0.0 {
            self.zeros += weight;
            return;
        }
        let index = (value.log2() * f64::from(self.scale).exp2()).ceil() - 1.0;
        self.put(index as i32, weight);
    }

    /// Changes what is counted by what another one has.
    pub(crate) fn join(&mut self, other: &Self, change: impl Fn(&mut f64, f64)) {
        change(&mut self.zeros, other.zeros);
        if other.counts.is_empty() {
            return;
        }
        let mut other = other.clone();
        self.coarsen(self.scale - other.scale);
        other.coarsen(other.scale - self.scale);
        let by = self.make_room(other.offset, other.end() - 1);
        other.coarsen(by);
        // What lies beyond has been counted in neither.
        for (place, count) in other.counts.iter().enumerate() {
            let place = other.offset - self.offset + place as i32;
            if let Some(own) = usize::try_from(place)
                .ok()
                .and_then(|at| self.counts.get_mut(at))
            {
                change(own, *count);
            }
        }
    }

    /// So many scales coarser; none where that is not positive.
    pub(crate) fn coarsen(&mut self, by: i32) {
        if by <= 0 {
            return;
        }
        self.scale -= by;
        if self.counts.is_empty() {
            return;
        }
        let offset = self.offset >> by;
        let last = (self.end() - 1) >> by;
        let mut counts = vec![0.0; (last - offset + 1) as usize];
        for (place, count) in self.counts.iter().enumerate() {
            let index = (self.offset + place as i32) >> by;
            counts[(index - offset) as usize] += count;
        }
        (self.offset, self.counts) = (offset, counts);
    }

    /// Behind the last bucket.
    fn end(&self) -> i32 {
        self.offset + self.counts.len() as i32
    }

    fn put(&mut self, index: i32, weight: f64) {
        let by = self.make_room(index, index);
        let place = (index >> by) - self.offset;
        self.counts[place as usize] += weight;
    }

    /// Makes room from one bucket to another, by the scale that it had; answers how many
    /// scales coarser it has become for that.
    fn make_room(&mut self, from: i32, to: i32) -> i32 {
        let (mut low, mut high) = (from, to);
        if !self.counts.is_empty() {
            (low, high) = (low.min(self.offset), high.max(self.end() - 1));
        }
        let mut by = 0;
        while i64::from(high >> by) - i64::from(low >> by) >= self.size_max as i64 {
            by += 1;
        }
        self.coarsen(by);
        (low, high) = (low >> by, high >> by);
        if self.counts.is_empty() {
            self.offset = low;
        }
        let before = (self.offset - low) as usize;
        self.counts.splice(0..0, std::iter::repeat_n(0.0, before));
        self.offset = low;
        self.counts.resize((high - low + 1) as usize, 0.0);
        by
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(size_max: usize, values: &[f64]) -> Exponential {
        let mut histogram = Exponential::new(size_max);
        values.iter().for_each(|value| histogram.add(*value, 1.0));
        histogram
    }

    /// By bounds, what is in each bucket that has any.
    fn filled(histogram: &Exponential) -> Vec<(f64, f64, f64)> {
        let bound = |index: i32| (f64::from(index) * f64::from(-histogram.scale).exp2()).exp2();
        let counts = histogram.counts.iter().enumerate();
        let filled = counts.filter(|(_, count)| **count > 0.0);
        filled
            .map(|(place, count)| {
                let index = histogram.offset + place as i32;
                (bound(index), bound(index + 1), *count)
            })
            .collect()
    }

    #[test]
    fn a_value_is_in_its_bucket_however_coarse_it_has_become() {
        let values = [0.001, 1.0, 2.0, 2.0, 3.9, 4.0, 1_000.0, 86_400_000.0];
        for size in [2, 3, 20, 160] {
            for count in 1..=values.len() {
                let histogram = of(size, &values[..count]);
                assert!(histogram.counts.len() <= size);
                for (low, high, within) in filled(&histogram) {
                    let own = values[..count].iter();
                    let own = own.filter(|value| low < **value && **value <= high * (1.0 + 1e-9));
                    assert_eq!(own.count() as f64, within, "{size} {low} {high}");
                }
                assert_eq!(histogram.counts.iter().sum::<f64>(), count as f64);
            }
        }
        // Powers of two are the upper end of their bucket.
        let mut histogram = of(160, &[2.0, 4.0]);
        histogram.coarsen(histogram.scale);
        assert_eq!(filled(&histogram), [(1.0, 2.0, 1.0), (2.0, 4.0, 1.0)]);
    }

    #[test]
    fn two_are_joined_as_if_all_had_come_to_one_and_parted_again() {
        let (a, b) = ([0.0, 0.5, 7.0, 900.0], [0.0, 3.0, 3.0, 1e9]);
        for size in [2, 10, 160] {
            let mut joined = of(size, &a);
            joined.join(&of(size, &b), |own, other| *own += other);
            let all = of(size, &[a, b].concat());
            assert_eq!(filled(&joined), filled(&all), "{size}");
            assert_eq!(joined.zeros, 2.0);
            joined.join(&of(size, &a), |own, other| *own -= other);
            let mut rest = of(size, &b);
            rest.coarsen(rest.scale - joined.scale);
            assert_eq!(filled(&joined), filled(&rest), "{size}");
        }
    }
}
