//! Health checks.

use super::body::HealthBody;
use super::problem::{Problem, needs};
use crate::engine::ApiVersion;
use crate::model::{Duration, HealthCheck};

/// A service's check in the engine's words.
pub(super) fn check(check: Option<&HealthCheck>, api: ApiVersion) -> Result<Option<HealthBody>, Problem> {
    let Some(check) = check else {
        return Ok(None);
    };
    if check.start_interval.is_some() {
        needs(api, 44, "healthcheck.start_interval")?;
        if check.start_period.is_none() {
            return Err(Problem::NotSupported {
                attribute: "healthcheck.start_interval".to_owned(),
                reason: "it has an effect only within a `start_period`, and none is set".to_owned(),
            });
        }
    }
    let test = if check.disable {
        vec!["NONE".to_owned()]
    } else {
        check.test.clone().unwrap_or_default().0
    };
    let time = |time: Option<Duration>| time.map(|time| time.0).filter(|time| *time != 0);
    Ok(Some(HealthBody {
        test,
        interval: time(check.interval),
        timeout: time(check.timeout),
        start_period: time(check.start_period),
        start_interval: time(check.start_interval),
        retries: check.retries.filter(|retries| *retries != 0),
    }))
}
