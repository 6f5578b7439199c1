//! Large files on their way from a pack to the disk, a piece at a time.

use super::{GitError, Mirror};
use gix::ObjectId;
use gix::odb::pack::{data, index};
use gix::zlib::{Decompress, stream::inflate};
use std::fs::{self, File};
use std::io::{self, BufReader, Seek as _, SeekFrom, Write};
use std::path::PathBuf;

/// Up to this size a file is held in memory.
const SMALL: u64 = 4 << 20;
/// How much is unpacked at a time.
const PIECE: usize = 64 << 10;

impl Mirror {
    /// Writes the data of an object of this size. One that a pack holds whole is never held in memory.
    pub(super) fn write_to(&self, id: ObjectId, size: u64, to: &mut impl Write) -> Result<io::Result<()>, GitError> {
        let whole = if size > SMALL { self.whole(id) } else { None };
        match whole {
            Some(mut entry) => Ok(copy(&mut entry, size, to)),
            None => Ok(to.write_all(&self.read(id)?)),
        }
    }

    /// The place of an object in a pack, where it stands there as itself and not as what differs from another one.
    fn whole(&self, id: ObjectId) -> Option<BufReader<File>> {
        let (pack, offset) = self.packs().into_iter().find_map(|path| {
            let index = index::File::at(&path, id.kind()).ok()?;
            let offset = index.pack_offset_at_index(index.lookup(id)?);
            Some((path.with_extension("pack"), offset))
        })?;
        let mut file = File::open(pack).ok()?;
        file.seek(SeekFrom::Start(offset)).ok()?;
        let mut reader = BufReader::new(file);
        let entry = data::Entry::from_read(&mut reader, offset, id.kind().len_in_bytes()).ok()?;
        entry.header.is_base().then_some(reader)
    }

    /// The indices of its packs.
    pub(super) fn packs(&self) -> Vec<PathBuf> {
        let folder = self.repository.objects.store_ref().path().join("pack");
        let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
        let paths = entries.map(|entry| entry.path());
        paths
            .filter(|path| path.extension().is_some_and(|extension| extension == "idx"))
            .collect()
    }
}

fn copy(from: &mut BufReader<File>, size: u64, to: &mut impl Write) -> io::Result<()> {
    let (mut state, mut piece, mut left) = (Decompress::new(), vec![0; PIECE], size);
    while left > 0 {
        let length = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        let read = inflate::read(from, &mut state, &mut piece[..length])?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        to.write_all(&piece[..read])?;
        left -= read as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::Repository;
    use super::super::testing::Origin;
    use super::*;

    #[test]
    fn files_arrive_as_they_are_whether_packed_whole_or_not() {
        let origin = Origin::new();
        // Nothing that packs well, so that its change is kept as a difference.
        let mut noise = 1_u32;
        let mut large: Vec<u8> = std::iter::repeat_with(|| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (noise >> 24) as u8
        })
        .take(5 << 20)
        .collect();
        let mut ids = Vec::new();
        for round in 0..2 {
            large[0] = round;
            fs::write(origin.work().join("large"), &large).expect("written");
            origin.commit("large");
            ids.push((origin.git(&["rev-parse", "HEAD:large"]), large.clone()));
        }
        origin.git(&["gc", "-q"]);
        let repository = Repository::parse(&origin.url()).expect("an address");
        let mirror = Mirror::update(&origin.temp.path().join("mirror"), &repository, &super::super::Stop::default()).expect("fetched");
        let ids = ids
            .iter()
            .map(|(id, large)| (ObjectId::from_hex(id.as_bytes()).expect("an id"), large));
        let mut whole = 0;
        for (id, large) in ids {
            let mut written = Vec::new();
            mirror
                .write_to(id, large.len() as u64, &mut written)
                .expect("found")
                .expect("written");
            assert!(written == *large, "{id}");
            whole += usize::from(mirror.whole(id).is_some());
        }
        assert_eq!(whole, 1);
    }
}
