//! Memory for large results.

use bytemuck::Zeroable;

/// `n` zeros, in large pages where the system has them: the first touch of small ones costs as much as the work.
#[must_use]
pub fn zeros<T: Zeroable + Clone>(n: usize) -> Vec<T> {
    let mut numbers = vec![T::zeroed(); n];
    large_pages(&mut numbers);
    numbers
}

/// Asks for large pages.
#[cfg(target_os = "linux")]
fn large_pages<T>(numbers: &mut [T]) {
    const PAGE: usize = 2 << 20;
    let range = numbers.as_mut_ptr_range();
    let (start, end) = ((range.start as usize).next_multiple_of(PAGE), range.end as usize / PAGE * PAGE);
    if start < end {
        // SAFETY: all of the range belongs to the slice, and the call changes how it is kept, not what is in it.
        unsafe { libc::madvise(start as *mut libc::c_void, end - start, libc::MADV_HUGEPAGE) };
    }
}

#[cfg(not(target_os = "linux"))]
fn large_pages<T>(_: &mut [T]) {}

#[cfg(test)]
mod tests {
    #[test]
    fn zeros_whatever_the_size() {
        for n in [0, 1, 1 << 19, (1 << 20) + 3] {
            assert!(super::zeros::<f64>(n).into_iter().eq(std::iter::repeat_n(0.0, n)));
        }
    }
}
