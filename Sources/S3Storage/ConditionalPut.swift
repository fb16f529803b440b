// SPDX-License-Identifier: Apache-2.0
#if S3
    import ByteCoding

    /// Decides how a conditional put goes on: what to make of each answer, and of none.
    ///
    /// A put that was sent may have been done although its answer says otherwise or never came. To repeat it blindly would
    /// then find one's own object, and take it for somebody else's. So after anything but a plain yes or no the object is
    /// read back and compared:
    ///
    /// ```
    /// put ── 2xx ────────────────────────────────► created
    ///  │ ── 412 to the first try ────────────────► already exists
    ///  │ ── a plain no: 4xx, 501, 505 ───────────► failure
    ///  │ ── anything else, or 412 after that ────► read back ── ours ─────────► created
    ///  │                                              │ ─────── another's ────► already exists
    ///  │                                              │ ─────── cannot tell ──► commit_unknown
    ///  └───────────────── after a while ◄──────────── └ ─────── none there
    /// ```
    ///
    /// Every other 5xx may come from a proxy that did not wait for the store. A try that seems never to have been sent is
    /// put again without a look, but no 412 is believed after it: what "seems" is worth differs by the way to the server.
    ///
    /// Equal bytes count as ours: manifests and transactions carry a name of their own that no other writer's have.
    struct ConditionalPut {
        enum Event {
            case created
            case refused(S3Refusal)
            /// No answer.
            case failed(any Error, isSent: Bool)
            case readBack(Finding)
        }

        enum Finding {
            case ours
            case theirs
            case nothing
            case unknown(any Error)
        }

        enum Action {
            case readBack
            /// Waits as after any failed try, and puts again.
            case again(any Error)
            case finish(created: Bool)
            case fail(any Error)
            /// It may be there, or come yet.
            case giveUp(any Error)
        }

        /// An earlier try may have been done, or be done yet.
        private(set) var mayBeThere = false
        /// There was a try before, whatever became of it.
        private var hasTried = false
        /// What a try that is to be repeated ended with.
        private var cause: any Error = CancellationError()

        mutating func next(_ event: Event) -> Action {
            let isFirst = !hasTried
            switch event {
            case .created: return .finish(created: true)
            case .refused(let refusal):
                hasTried = true
                switch refusal.status {
                case 412: return isFirst ? .finish(created: false) : .readBack
                // Somebody else's put was under way; this one was not done.
                case 409: return remember(refusal, .again(refusal))
                // No room: the store itself says so. It is not asked again.
                case 507: return remember(refusal, .readBack)
                default:
                    guard refusal.isPassing || (refusal.status >= 500 && ![501, 505].contains(refusal.status)) else {
                        return mayBeThere ? .giveUp(refusal) : .fail(refusal)
                    }
                    mayBeThere = true
                    return remember(refusal, .readBack)
                }
            case .failed(let error, let isSent):
                hasTried = true
                guard isSent else { return remember(error, .again(error)) }
                mayBeThere = true
                return remember(error, .readBack)
            case .readBack(.ours): return .finish(created: true)
            case .readBack(.theirs): return .finish(created: false)
            case .readBack(.nothing): return .again(cause)
            case .readBack(.unknown(let error)): return .giveUp(error)
            }
        }

        private mutating func remember(_ error: any Error, _ action: Action) -> Action {
            cause = error
            return action
        }
    }
#endif
