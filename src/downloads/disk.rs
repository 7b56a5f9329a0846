//! An open file that is written in large pieces, on the threads where blocking is allowed.

use std::fs::File;
use std::io::{self, IoSlice, Read, Seek, SeekFrom, Write};

use bytes::Bytes;

use super::checksum::{Checksum, Sum};

/// Read at once to make up for a checksum that an earlier run began.
const READ: usize = 256 * 1024;

/// As many pieces as one system call takes.
const SLICES: usize = 64;

pub(super) struct Disk {
    file: File,
    length: u64,
    sum: Option<(Checksum, Sum)>,
}

impl Disk {
    /// Goes on where the file ends.
    pub(super) fn new(mut file: File) -> io::Result<Self> {
        let length = file.seek(SeekFrom::End(0))?;
        Ok(Self { file, length, sum: None })
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Adds up what is there, and from then on what is written.
    pub(super) fn sum_up(&mut self, checksum: &Checksum) -> io::Result<()> {
        if self.sum.as_ref().is_some_and(|(own, _)| own == checksum) {
            return Ok(());
        }
        let mut sum = checksum.begin();
        if self.length > 0 {
            self.file.seek(SeekFrom::Start(0))?;
            let mut buffer = vec![0; READ];
            loop {
                match self.file.read(&mut buffer)? {
                    0 => break,
                    read => sum.add(&buffer[..read]),
                }
            }
        }
        self.sum = Some((checksum.clone(), sum));
        Ok(())
    }

    pub(super) fn write(&mut self, pieces: &[Bytes]) -> io::Result<()> {
        if let Some((_, sum)) = &mut self.sum {
            pieces.iter().for_each(|piece| sum.add(piece));
        }
        for pieces in pieces.chunks(SLICES) {
            let mut slices: Vec<IoSlice<'_>> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
            let mut slices = slices.as_mut_slice();
            while !slices.is_empty() {
                match self.file.write_vectored(slices) {
                    Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                    Ok(written) => {
                        self.length += written as u64;
                        IoSlice::advance_slices(&mut slices, written);
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// Begins anew.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.length = 0;
        self.sum = None;
        Ok(())
    }

    /// The name of the checksum that holds; `None` where none is known, `Err` with the name of one that does not hold.
    pub(super) fn verify(&mut self) -> Result<Option<&'static str>, &'static str> {
        let Some((checksum, sum)) = self.sum.take() else { return Ok(None) };
        if checksum.is(sum) { Ok(Some(checksum.name())) } else { Err(checksum.name()) }
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}
