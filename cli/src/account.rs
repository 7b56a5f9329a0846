//! `octopusx models` and `octopusx balance`.

use crate::args::{Session, System};
use crate::failure::Failure;
use crate::output::Output;

pub async fn models(session: &Session, contains: Option<&str>, output: &Output) -> Result<(), Failure> {
    let (names, raw) = match session.system {
        System::Octopusx => {
            let models = session.octopusx("models")?.models().list().await?;
            (models.data.iter().map(|model| model.id.clone()).collect::<Vec<_>>(), models.raw().clone())
        }
        System::Openoctopus => {
            let models = session.openoctopus()?.models().list().await?;
            (models.data.iter().flatten().filter_map(|model| model.id.clone()).collect(), models.raw().clone())
        }
    };
    if output.json && contains.is_none() {
        return output.line(&String::from_utf8_lossy(&raw));
    }
    let names: Vec<String> = names.into_iter().filter(|name| contains.is_none_or(|part| name.contains(part))).collect();
    if output.json {
        return output.value(&names.into());
    }
    names.iter().try_for_each(|name| output.line(name))
}

pub async fn balance(session: &Session, output: &Output) -> Result<(), Failure> {
    let usage = session.octopusx("balance")?.account().token_usage().await?;
    if output.json {
        return output.line(&String::from_utf8_lossy(usage.raw()));
    }
    let shown = |amount: Option<i64>| amount.map_or_else(|| "?".to_owned(), |amount| amount.to_string());
    let token = &usage.data;
    if token.unlimited_quota == Some(true) {
        return output.line(&format!("{} used, no limit", shown(token.total_used)));
    }
    output.line(&format!("{} of {} left", shown(token.total_available), shown(token.total_granted)))
}
