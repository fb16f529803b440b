// SPDX-License-Identifier: Apache-2.0
#if FUZZING
    import FuzzTargets

    /// libFuzzer's own way of changing bytes, in place; gives their number, which is at most `most`.
    @_silgen_name("LLVMFuzzerMutate")
    private func mutate(_ bytes: UnsafeMutablePointer<UInt8>, _ count: Int, _ most: Int) -> Int

    /// What libFuzzer calls to change an input, where there is a function of this name.
    @_cdecl("LLVMFuzzerCustomMutator")
    func customMutator(_ bytes: UnsafeMutablePointer<UInt8>, _ count: Int, _ most: Int, _ seed: UInt32) -> Int {
        guard let target = Fuzzer.target else { return mutate(bytes, count, most) }
        var mutator = Mutator(seed: UInt64(seed)) { part, most in
            guard most > 0 else { return [] }
            return [UInt8](unsafeUninitializedCapacity: max(most, part.count)) { room, initialized in
                guard let base = room.baseAddress else { return }
                _ = UnsafeMutableBufferPointer(start: base, count: part.count).initialize(from: part)
                initialized = mutate(base, min(part.count, most), most)
            }
        }
        let changed = mutator.mutate(Array(UnsafeBufferPointer(start: bytes, count: count)), for: target, most: most)
        guard changed.count <= most else { return count }
        bytes.update(from: changed, count: changed.count)
        return changed.count
    }

    /// The same for an input that is to get a part of another one; 0 where it cannot.
    @_cdecl("LLVMFuzzerCustomCrossOver")
    func customCrossOver(
        _ bytes: UnsafePointer<UInt8>, _ count: Int, _ other: UnsafePointer<UInt8>, _ otherCount: Int,
        _ room: UnsafeMutablePointer<UInt8>, _ most: Int, _ seed: UInt32
    ) -> Int {
        guard let target = Fuzzer.target else { return 0 }
        var mutator = Mutator(seed: UInt64(seed))
        let crossed = mutator.cross(
            Array(UnsafeBufferPointer(start: bytes, count: count)),
            with: Array(UnsafeBufferPointer(start: other, count: otherCount)), for: target)
        guard let crossed, crossed.count <= most else { return 0 }
        room.update(from: crossed, count: crossed.count)
        return crossed.count
    }
#endif
