//! How long what passes by itself is waited out, and how often one looks.

use crate::model::call::Refusal;

/// How long a refusal that passes by itself is tried again, in seconds.
const BUSY_S: u64 = 900;
/// How long a deletion is tried again while something still uses the thing: Lambda's interfaces linger for 20 minutes.
pub(super) const IN_USE_S: u64 = 2700;
/// Refusals that pass by themselves: the thing is being changed, or the caller is too fast.
pub(super) const BUSY: [&str; 16] = [
    "ResourceConflictException",
    "InvalidDBInstanceState",
    "InvalidDBInstanceStateFault",
    "InvalidDBClusterStateFault",
    "InvalidReplicationGroupState",
    "InvalidCacheClusterState",
    "InvalidServerlessCacheStateFault",
    "IncorrectInstanceState",
    "IncorrectState",
    "InvalidAMIID.Unavailable",
    "RequestLimitExceeded",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "PreconditionFailedException",
    "ResourceInUse",
];
/// Refusals of a deletion while something still uses the thing.
const IN_USE: [&str; 5] =
    ["DependencyViolation", "InvalidIPAddress.InUse", "InvalidSnapshot.InUse", "AuthFailure.InUse", "InvalidNetworkInterface.InUse"];

/// How long to wait before the next look: soon at first, then at the pace of the thing waited for.
pub(super) struct Pace {
    next_s: f64,
    most_s: f64,
}

impl Pace {
    pub(super) fn of(usual_s: u64) -> Pace {
        Pace { next_s: 0.2, most_s: (usual_s as f64 / 10.0).clamp(1.0, 15.0) }
    }

    /// For what takes many minutes: a deletion that waits for something to let go.
    pub(super) fn slow() -> Pace {
        Pace { next_s: 0.2, most_s: 60.0 }
    }

    pub(super) fn next(&mut self) -> f64 {
        let now = self.next_s;
        self.next_s = (self.next_s * 1.5).min(self.most_s);
        now
    }
}

/// How long refusals that pass by themselves are waited out, from a moment on.
pub(super) struct Patience {
    from_ms: u64,
}

impl Patience {
    pub(super) fn from(now_ms: u64) -> Patience {
        Patience { from_ms: now_ms }
    }

    pub(super) fn waits_out(&self, refusal: &Refusal, now_ms: u64) -> bool {
        let limit_s = match refusal.code.as_str() {
            code if BUSY.contains(&code) => BUSY_S,
            code if IN_USE.contains(&code) => IN_USE_S,
            _ => 0,
        };
        now_ms < self.from_ms + limit_s * 1000
    }
}
