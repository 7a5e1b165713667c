//! Checksums of files, by which damage is found before a file is used.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Error, Read, Result, Write};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::progress::Stop;

/// Bytes that have one sum; several are looked at at a time.
const BLOCK: usize = 1 << 24;

/// Length of a file, and the CRC-32 of each of its blocks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::frames) struct Checksums {
    bytes: u64,
    blocks: Vec<u32>,
}

/// Checksums of the files of a folder, by name.
pub(in crate::frames) type OfFolder = BTreeMap<String, Checksums>;

impl Checksums {
    /// Whether an open file has these; an error if the task of the thread is to end.
    pub(in crate::frames) fn fit(&self, file: &File) -> Result<bool> {
        if file.metadata()?.len() != self.bytes || self.blocks.len() as u64 != self.bytes.div_ceil(BLOCK as u64) {
            return Ok(false);
        }
        let stop = Stop::here();
        let fits = |(number, sum): (usize, &u32)| {
            stop.check().map_err(Error::other)?;
            Ok(block_sum(file, number as u64 * BLOCK as u64)? == *sum)
        };
        self.blocks.par_iter().enumerate().map(fits).try_reduce(|| true, |a, b| Ok(a && b))
    }
}

/// The sum of the block that starts at an offset.
fn block_sum(file: &File, start: u64) -> Result<u32> {
    let mut hasher = crc32fast::Hasher::new();
    let mut piece = vec![0; 1 << 16];
    let mut block = ChecksumCursor { file, place: start }.take(BLOCK as u64);
    loop {
        match block.read(&mut piece)? {
            0 => return Ok(hasher.finalize()),
            n => hasher.update(piece.get(..n).unwrap_or(&[])),
        }
    }
}

/// Reads from a place of a file that others read from, too.
struct ChecksumCursor<'a> {
    file: &'a File,
    place: u64,
}

impl Read for ChecksumCursor<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let n = read_at(self.file, buffer, self.place)?;
        self.place += n as u64;
        Ok(n)
    }
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], place: u64) -> Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, place)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], place: u64) -> Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, place)
}

/// Computes a checksum of the bytes written, and stops when the thread's task is stopped.
pub(in crate::frames) struct Summed<'a> {
    stop: Stop,
    file: &'a mut File,
    sums: Checksums,
    hasher: crc32fast::Hasher,
    /// Bytes of the block at hand.
    filled: usize,
}

impl<'a> Summed<'a> {
    pub(in crate::frames) fn new(file: &'a mut File) -> Self {
        Self { stop: Stop::here(), file, sums: Checksums::default(), hasher: crc32fast::Hasher::new(), filled: 0 }
    }

    /// The sums of all that was written.
    pub(in crate::frames) fn finish(mut self) -> Checksums {
        if self.filled > 0 {
            self.sums.blocks.push(self.hasher.finalize());
        }
        self.sums
    }
}

impl Write for Summed<'_> {
    fn write(&mut self, buffer: &[u8]) -> Result<usize> {
        self.stop.check().map_err(Error::other)?;
        let written = self.file.write(buffer)?;
        let mut new = buffer.get(..written).unwrap_or(&[]);
        self.sums.bytes += written as u64;
        while let Some(piece) = new.split_off(..new.len().min(BLOCK - self.filled)).filter(|piece| !piece.is_empty()) {
            self.hasher.update(piece);
            self.filled += piece.len();
            if self.filled == BLOCK {
                self.sums.blocks.push(std::mem::take(&mut self.hasher).finalize());
                self.filled = 0;
            }
        }
        Ok(written)
    }

    fn flush(&mut self) -> Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, SeekFrom};

    use super::*;

    #[test]
    fn every_changed_byte_is_found() {
        let content: Vec<u8> = (0..BLOCK + 70_000).map(|i| (i * i % 251) as u8).collect();
        for len in [0, 1, 65_536, BLOCK - 1, BLOCK, BLOCK + 1, content.len()] {
            let mut file = tempfile::tempfile().unwrap();
            let mut summed = Summed::new(&mut file);
            for piece in content[..len].chunks(99_991) {
                summed.write_all(piece).unwrap();
            }
            let sums = summed.finish();
            assert!(sums.fit(&file).unwrap(), "{len}");
            for place in [0, len / 2, len.saturating_sub(1)] {
                if len > 0 {
                    file.seek(SeekFrom::Start(place as u64)).unwrap();
                    file.write_all(&[content[place] ^ 4]).unwrap();
                    assert!(!sums.fit(&file).unwrap(), "{len} {place}");
                    file.seek(SeekFrom::Start(place as u64)).unwrap();
                    file.write_all(&[content[place]]).unwrap();
                }
            }
            file.set_len(len as u64 + 1).unwrap();
            assert!(!sums.fit(&file).unwrap());
        }
    }
}
