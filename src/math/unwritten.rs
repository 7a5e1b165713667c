//! Large results, written by several threads.

use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Numbers that are written by parts, in order within each, by several threads.
///
/// The first touch of memory costs as much as the work. Here it is put off to where a number is written, so that all
/// threads share it.
#[derive(Debug)]
pub(crate) struct Unwritten {
    numbers: Vec<f64>,
    len: usize,
    written: AtomicUsize,
}

/// A part of [`Unwritten`] numbers.
#[derive(Debug)]
pub(crate) struct Part<'a> {
    room: &'a mut [MaybeUninit<f64>],
    done: usize,
    written: &'a AtomicUsize,
}

impl Unwritten {
    /// Room for `len` numbers.
    pub(crate) fn new(len: usize) -> Self {
        Self { numbers: Vec::with_capacity(len), len, written: AtomicUsize::new(0) }
    }

    /// Its parts of `len` numbers; the last may have fewer.
    pub(crate) fn parts(&mut self, len: usize) -> impl Iterator<Item = Part<'_>> {
        let room = self.numbers.spare_capacity_mut().get_mut(..self.len).unwrap_or(&mut []);
        room.chunks_mut(len).map(|room| Part { room, done: 0, written: &self.written })
    }

    /// The numbers; zeros if some were not written.
    pub(crate) fn finish(mut self) -> Vec<f64> {
        if *self.written.get_mut() == self.len {
            // SAFETY: each number of the room was written once, and then counted.
            unsafe { self.numbers.set_len(self.len) };
        }
        self.numbers.resize(self.len, 0.0);
        self.numbers
    }
}

impl Part<'_> {
    /// Writes the next numbers, as many as there is room for.
    pub(crate) fn put(&mut self, numbers: &[f64]) {
        let room = self.room.get_mut(self.done..).unwrap_or(&mut []);
        let len = numbers.len().min(room.len());
        let (room, _) = room.split_at_mut(len);
        room.write_copy_of_slice(numbers.split_at(len).0);
        self.done += len;
    }
}

impl Drop for Part<'_> {
    fn drop(&mut self) {
        self.written.fetch_add(self.done, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_by_parts() {
        for n in [0, 1, 1 << 19, (1 << 20) + 3] {
            let mut numbers = Unwritten::new(n);
            for (mut part, k) in numbers.parts(1000).zip(0..) {
                part.put(&[f64::from(k); 403]);
                part.put(&[]);
                part.put(&[-1.0; 5]);
                part.put(&vec![0.5; 5000]);
                part.put(&[7.0]);
            }
            let numbers = numbers.finish();
            let expected = |i: usize| match i % 1000 {
                0..403 => (i / 1000) as f64,
                403..408 => -1.0,
                _ => 0.5,
            };
            assert!(numbers.into_iter().eq((0..n).map(expected)));
        }
    }

    #[test]
    fn zeros_where_nobody_wrote() {
        let mut numbers = Unwritten::new(10);
        numbers.parts(4).next().unwrap().put(&[1.0; 4]);
        assert_eq!(numbers.finish(), [0.0; 10]);
    }
}
