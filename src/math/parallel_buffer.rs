//! Large results, written by several threads.

use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Numbers that are written by parts, in order within each, by several threads.
///
/// The first touch of memory costs as much as the work. Here it is put off to where a number is written, so all
/// threads share it.
#[derive(Debug)]
pub(crate) struct ParallelBuffer {
    numbers: Vec<f64>,
    len: usize,
    written: AtomicUsize,
}

/// A part of [`ParallelBuffer`] numbers.
#[derive(Debug)]
pub(crate) struct BufferPart<'a> {
    room: &'a mut [MaybeUninit<f64>],
    done: usize,
    /// Whether the numbers are too many to be found in a cache later.
    are_many: bool,
    written: &'a AtomicUsize,
}

/// So many numbers are written past the caches: 4 MiB.
const MANY: usize = 1 << 19;

impl ParallelBuffer {
    /// Room for `len` numbers.
    pub(crate) fn new(len: usize) -> Self {
        Self { numbers: Vec::with_capacity(len), len, written: AtomicUsize::new(0) }
    }

    /// Its parts of `len` numbers; the last may have fewer.
    pub(crate) fn parts(&mut self, len: usize) -> impl Iterator<Item = BufferPart<'_>> {
        let room = self.numbers.spare_capacity_mut().get_mut(..self.len).unwrap_or(&mut []);
        let (are_many, written) = (self.len >= MANY, &self.written);
        room.chunks_mut(len).map(move |room| BufferPart { room, done: 0, are_many, written })
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

impl BufferPart<'_> {
    /// Writes the next numbers, as many as there is room for.
    pub(crate) fn put(&mut self, numbers: &[f64]) {
        let room = self.room.get_mut(self.done..).unwrap_or(&mut []);
        let len = numbers.len().min(room.len());
        let (room, _) = room.split_at_mut(len);
        let numbers = numbers.split_at(len).0;
        if !(self.are_many && write_past_caches(numbers, room)) {
            room.write_copy_of_slice(numbers);
        }
        self.done += len;
    }
}

impl Drop for BufferPart<'_> {
    fn drop(&mut self) {
        #[cfg(target_arch = "x86_64")]
        if self.are_many {
            // Makes non-temporal stores visible to other threads.
            // SAFETY: every x86-64 has SSE.
            unsafe { std::arch::x86_64::_mm_sfence() };
        }
        self.written.fetch_add(self.done, Ordering::Relaxed);
    }
}

/// Writes whole lines of the cache straight to memory, which need not be read before; false, and nothing is written,
/// where that is not possible.
#[cfg(target_arch = "x86_64")]
fn write_past_caches(from: &[f64], to: &mut [MaybeUninit<f64>]) -> bool {
    use std::arch::x86_64::{_mm_loadu_pd, _mm_stream_pd};
    const LINE: usize = 8;
    if !to.as_ptr().addr().is_multiple_of(LINE * size_of::<f64>()) || !to.len().is_multiple_of(LINE) {
        return false;
    }
    for (from, to) in from.as_chunks::<LINE>().0.iter().zip(to.as_chunks_mut::<LINE>().0) {
        for i in (0..LINE).step_by(2) {
            // SAFETY: two numbers from i < 7 lie in both lines, and the line starts at a multiple of 64.
            unsafe { _mm_stream_pd(to.as_mut_ptr().cast::<f64>().add(i), _mm_loadu_pd(from.as_ptr().add(i))) };
        }
    }
    true
}

#[cfg(not(target_arch = "x86_64"))]
fn write_past_caches(_: &[f64], _: &mut [MaybeUninit<f64>]) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_by_parts() {
        for n in [0, 1, 1 << 19, (1 << 20) + 3] {
            let mut numbers = ParallelBuffer::new(n);
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
    fn whole_lines_of_many_numbers() {
        let expected: Vec<f64> = (0..MANY + 1000).map(|i| i as f64).collect();
        let mut numbers = ParallelBuffer::new(expected.len());
        for (mut part, expected) in numbers.parts(1 << 12).zip(expected.chunks(1 << 12)) {
            // Lines and parts of lines, in turn.
            expected.chunks(72).for_each(|some| part.put(some));
        }
        assert_eq!(numbers.finish(), expected);
    }

    #[test]
    fn zeros_where_nobody_wrote() {
        let mut numbers = ParallelBuffer::new(10);
        numbers.parts(4).next().unwrap().put(&[1.0; 4]);
        assert_eq!(numbers.finish(), [0.0; 10]);
    }
}
