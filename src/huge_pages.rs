//! An allocator that keeps large lists in large pages.

use std::alloc::{GlobalAlloc, Layout, System};

/// The system's allocator, but for lists of 4 MiB and more, which start at a large page and ask for such pages.
///
/// The first touch of fresh memory costs as much as a pass over journeys. A large page (2 MiB) is touched once instead
/// of 512 times; the system's allocator puts lists across the borders of such pages. Up to 512 MiB of lists that are
/// given back are kept for the next ones of their size, and the system may take them when it is short of memory. The
/// Python module and the command line use this allocator; a service may:
///
/// ```
/// #[global_allocator]
/// static MEMORY: leadlens::LargePages = leadlens::LargePages;
/// # let journeys = vec![0u8; 64 << 20];
/// # assert_eq!(journeys.as_ptr() as usize % (2 << 20), 0);
/// ```
///
/// Where large pages are switched off, and on other systems than Linux, it does what the system's does. Source:
/// <https://docs.kernel.org/admin-guide/mm/transhuge.html>.
#[derive(Debug, Clone, Copy, Default)]
pub struct LargePages;

#[cfg(target_os = "linux")]
mod mapped {
    use std::alloc::Layout;
    use std::ptr::null_mut;
    use std::sync::{Mutex, MutexGuard, TryLockError};

    const PAGE: usize = 2 << 20;
    const LARGE: usize = 2 * PAGE;

    /// Mappings that were given back: start and length, or nothing. The oldest makes room for the next.
    struct Kept {
        mappings: [(*mut u8, usize); 64],
        next: usize,
        bytes: usize,
    }

    const MOST: usize = 512 << 20;
    static KEPT: Mutex<Kept> = Mutex::new(Kept { mappings: [(null_mut(), 0); 64], next: 0, bytes: 0 });

    // SAFETY: its pointers are to memory that is not shared.
    unsafe impl Send for Kept {}

    /// Never waits for long: in a forked process the thread that holds the lock may have stayed with the parent.
    fn kept() -> Option<MutexGuard<'static, Kept>> {
        for _ in 0..100 {
            match KEPT.try_lock() {
                Ok(kept) => return Some(kept),
                Err(TryLockError::Poisoned(kept)) => return Some(kept.into_inner()),
                Err(TryLockError::WouldBlock) => std::thread::yield_now(),
            }
        }
        None
    }

    /// A returned mapping of the length with its old content, or a fresh one; null on failure.
    pub(super) fn take(bytes: usize) -> *mut u8 {
        take_kept(bytes).unwrap_or_else(|| map(bytes))
    }

    /// The same, with zeros in it.
    pub(super) fn take_zeroed(bytes: usize) -> *mut u8 {
        let Some(start) = take_kept(bytes) else { return map(bytes) };
        // SAFETY: it is mapped, of that length, and not shared.
        unsafe { start.write_bytes(0, bytes) };
        start
    }

    fn take_kept(bytes: usize) -> Option<*mut u8> {
        let mut kept = kept()?;
        let found = kept.mappings.iter_mut().find(|(_, length)| *length == bytes)?;
        let (start, _) = std::mem::replace(found, (null_mut(), 0));
        kept.bytes -= bytes;
        Some(start)
    }

    /// Keeps a mapping that was given back.
    ///
    /// # Safety
    /// It must not be used afterwards.
    pub(super) unsafe fn keep(start: *mut u8, bytes: usize) {
        if bytes > MOST {
            // SAFETY: by the caller.
            return unsafe { unmap(start, bytes) };
        }
        // SAFETY: by the caller.
        let Some(mut kept) = kept() else { return unsafe { unmap(start, bytes) } };
        // SAFETY: by the caller; its contents may be lost.
        unsafe { libc::madvise(start.cast(), bytes, libc::MADV_FREE) };
        let (mut new, places) = ((start, bytes), kept.mappings.len());
        kept.bytes += bytes;
        loop {
            let next = kept.next;
            let Some(place) = kept.mappings.get_mut(next) else { return };
            let (oldest, length) = std::mem::replace(place, new);
            new = (null_mut(), 0);
            kept.bytes -= length;
            kept.next = (next + 1) % places;
            // SAFETY: it is not shared.
            unsafe { unmap(oldest, length) };
            if kept.bytes <= MOST {
                return;
            }
        }
    }

    /// Bytes mapped for a list of that layout, if it is large.
    pub(super) fn bytes(layout: Layout) -> Option<usize> {
        (layout.size() >= LARGE && layout.align() <= PAGE).then(|| layout.size().next_multiple_of(PAGE))
    }

    /// Maps fresh memory, which is zero, at a large page; null if there is none.
    fn map(bytes: usize) -> *mut u8 {
        let (read_write, private) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        let Some(more) = bytes.checked_add(PAGE) else { return null_mut() };
        // SAFETY: a new mapping wherever the system likes.
        let start = unsafe { libc::mmap(null_mut(), more, read_write, private, -1, 0) };
        if start == libc::MAP_FAILED {
            return null_mut();
        }
        let start = start.cast::<u8>();
        let before = start.align_offset(PAGE);
        let own = start.wrapping_add(before);
        // SAFETY: what is given back is of the new mapping, before and after what is kept; advice changes how pages
        // are kept, not what is in them, and may be declined.
        unsafe {
            unmap(start, before);
            unmap(own.add(bytes), PAGE - before);
            libc::madvise(own.cast(), bytes, libc::MADV_HUGEPAGE);
        }
        own
    }

    /// # Safety
    /// The bytes must not be used afterwards.
    unsafe fn unmap(start: *mut u8, bytes: usize) {
        if bytes > 0 {
            // SAFETY: by the caller. It cannot fail for a mapped range.
            unsafe { libc::munmap(start.cast(), bytes) };
        }
    }

    /// Moves what is mapped to a mapping of another size, without a copy; null, and nothing happened, if there is no
    /// room.
    ///
    /// # Safety
    /// The old address must not be used afterwards, unless null is returned.
    pub(super) unsafe fn resize(start: *mut u8, old: usize, new: usize) -> *mut u8 {
        if old == new {
            return start;
        }
        let to = map(new);
        if to.is_null() {
            return to;
        }
        // SAFETY: both are mapped and of these sizes; the second is replaced.
        let moved = unsafe {
            libc::mremap(start.cast(), old, new, libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED, to.cast::<libc::c_void>())
        };
        if moved == libc::MAP_FAILED {
            // SAFETY: it was never handed out.
            unsafe { unmap(to, new) };
            return null_mut();
        }
        to
    }
}

#[cfg(not(target_os = "linux"))]
mod mapped {
    use std::alloc::Layout;

    pub(super) fn bytes(_: Layout) -> Option<usize> {
        None
    }
    pub(super) fn take(_: usize) -> *mut u8 {
        std::ptr::null_mut()
    }
    pub(super) fn take_zeroed(_: usize) -> *mut u8 {
        std::ptr::null_mut()
    }
    pub(super) unsafe fn keep(_: *mut u8, _: usize) {}
    pub(super) unsafe fn resize(_: *mut u8, _: usize, _: usize) -> *mut u8 {
        std::ptr::null_mut()
    }
}

// SAFETY: each list is given back to whom it was taken from, as its layout says who that is; mapped memory is as long
// and as aligned as asked for, and its own.
unsafe impl GlobalAlloc for LargePages {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match mapped::bytes(layout) {
            Some(bytes) => mapped::take(bytes),
            // SAFETY: by the caller.
            None => unsafe { System.alloc(layout) },
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        match mapped::bytes(layout) {
            Some(bytes) => mapped::take_zeroed(bytes),
            // SAFETY: by the caller.
            None => unsafe { System.alloc_zeroed(layout) },
        }
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        match mapped::bytes(layout) {
            // SAFETY: by the caller, who got it from here.
            Some(bytes) => unsafe { mapped::keep(start, bytes) },
            // SAFETY: by the caller.
            None => unsafe { System.dealloc(start, layout) },
        }
    }

    unsafe fn realloc(&self, start: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: by the caller, the size is valid for the alignment.
        let new = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        match (mapped::bytes(layout), mapped::bytes(new)) {
            // SAFETY: by the caller.
            (None, None) => unsafe { System.realloc(start, layout, size) },
            // SAFETY: by the caller.
            (Some(old), Some(new)) => unsafe { mapped::resize(start, old, new) },
            // SAFETY: by the caller; both are as long as the copied range and do not overlap.
            _ => unsafe {
                let to = self.alloc(new);
                if !to.is_null() {
                    std::ptr::copy_nonoverlapping(start, to, layout.size().min(size));
                    self.dealloc(start, layout);
                }
                to
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[global_allocator]
    static MEMORY: LargePages = LargePages;

    #[test]
    fn lists_grow_and_shrink_across_the_limit() {
        let mut list: Vec<u64> = Vec::new();
        for size in [10, 600_000, 2_000_000, 700_000, 100, 0, 3_000_000] {
            list.truncate(size);
            list.shrink_to_fit();
            list.extend(list.len() as u64..size as u64);
            assert!(list.iter().copied().eq(0..size as u64), "{size}");
            if cfg!(target_os = "linux") && size >= 600_000 {
                assert_eq!(list.as_ptr() as usize % (2 << 20), 0);
            }
        }
    }

    #[test]
    fn fresh_lists_are_zero() {
        for size in [1_000, 10_000_000] {
            let mut list = vec![0u8; size];
            assert!(list.iter().all(|x| *x == 0));
            list.fill(1);
            drop(list);
            assert!(vec![0u8; size].iter().all(|x| *x == 0));
        }
    }

    #[test]
    fn many_threads_share_what_is_kept() {
        std::thread::scope(|scope| {
            for thread in 0..4u8 {
                scope.spawn(move || {
                    for round in 0..20usize {
                        let list = vec![thread; (4 + round % 9) << 20];
                        let more = vec![u64::from(thread); (1 << 19) + round * 100_000];
                        assert!(list.iter().all(|x| *x == thread) && more.iter().all(|x| *x == u64::from(thread)));
                    }
                });
            }
        });
    }

    #[test]
    fn too_large_is_null() {
        let layout = Layout::from_size_align(1 << 60, 8).unwrap();
        // SAFETY: the layout is not empty, and null is not given back.
        assert!(unsafe { LargePages.alloc(layout) }.is_null());
        assert!(Vec::<u8>::new().try_reserve_exact(1 << 60).is_err());
    }
}
