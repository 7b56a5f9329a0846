//! Scripted tasks of every family of the real documents.

use super::*;
use crate::plan::{Action, Plan as Order, Which};
use crate::reply::Reply;
use crate::tasks::TaskStep;

impl Case {
    /// Makes a task by a script and asks about it so many times.
    async fn polls<'c>(
        &'c self,
        plan: &Plan<'_>,
        rule: &'c TaskRule,
        script: Vec<TaskStep>,
        polls: usize,
    ) -> Vec<(u16, Value, &'c TaskRule)> {
        let which = Which { times: Some(1), ..Which::default() };
        self.system.plans.add(Order { which, action: Action::Task(Arc::new(script.into())) });
        let (_, _, body) = self.send(self.request(plan, None)).await;
        let created: Value = serde_json::from_slice(&body).unwrap();
        let task = text_of(rule.id.iter().find_map(|pointer| pointer.read(&created)).unwrap());
        let query = self.document().named(rule.query.as_deref().unwrap()).unwrap();
        let plans = self.plans_of(query);
        let mut answers = Vec::new();
        for poll in 0..polls {
            let (status, _, body) = self.send(self.request(&plans[poll % plans.len()], Some(&task))).await;
            let (_, taken_for) = self.recorded();
            let media = self.media(taken_for, "application/json");
            let own = self.document().task_rule(media, taken_for.face, None).unwrap_or(rule);
            answers.push((status.as_u16(), serde_json::from_slice(&body).unwrap(), own));
        }
        answers
    }
}

fn word(rule: &TaskRule, answer: &Value) -> String {
    rule.status.iter().find_map(|pointer| pointer.read(answer)?.as_str()).unwrap_or_default().to_owned()
}

fn urls(rule: &TaskRule, answer: &Value) -> Vec<String> {
    let all = rule.urls.iter().flat_map(|pointer| pointer.read_all(answer)).filter_map(Value::as_str);
    all.map(str::to_owned).collect()
}

#[test]
fn every_family_tells_the_states_of_a_script() {
    run(async |case| {
        for plan in case.plans() {
            let Some(rule) = made(&case, plan.chosen) else { continue };
            let id = plan.chosen.id();
            let script = vec![
                TaskStep::answers(Reply::status(404)),
                TaskStep::says("REVIEWING").with_progress("37%"),
                TaskStep::running(30).times(2),
                TaskStep::answers(Reply::status(502).retry_after(3)),
                TaskStep::done().in_upper_case().without_urls(),
                TaskStep::done().with_empty_urls(),
                TaskStep::done().in_lower_case().with_expired_urls(),
            ];
            let polls = case.polls(&plan, rule, script, 9).await;
            let statuses: Vec<u16> = polls.iter().map(|(status, ..)| *status).collect();
            assert_eq!(statuses, [404, 200, 200, 200, 502, 200, 200, 200, 200], "{id}");
            let told: Vec<String> = polls.iter().map(|(_, answer, own)| word(own, answer)).collect();
            assert_eq!(told[1], "REVIEWING", "{id}");
            assert!(matches!(Class::of(&told[2]), Some(Class::Waiting | Class::Running)), "{id}: {told:?}");
            assert_eq!(told[2], told[3], "{id}");
            assert!(Class::of(&told[5]) == Some(Class::Done) && told[5] == told[5].to_uppercase(), "{id}: {told:?}");
            assert!(Class::of(&told[7]) == Some(Class::Done) && told[7] == told[7].to_lowercase(), "{id}: {told:?}");
            let (_, answer, own) = &polls[1];
            let progress: Vec<&Value> = own.progress.iter().filter_map(|pointer| pointer.read(answer)).collect();
            assert!(progress.iter().all(|told| **told == json!("37%")) && progress.len() <= 1, "{id}: {answer}");
            assert_eq!(progress.is_empty(), own.progress.is_empty(), "{id}: {answer}");
            let addresses: Vec<Vec<String>> = polls.iter().map(|(_, answer, own)| urls(own, answer)).collect();
            assert!(addresses[5].iter().all(String::is_empty), "{id}: {}", polls[5].1);
            assert!(addresses[6].iter().all(String::is_empty), "{id}: {}", polls[6].1);
            assert_eq!(addresses[6].is_empty(), polls[6].2.urls.is_empty(), "{id}: {}", polls[6].1);
            for url in addresses[7].iter().filter(|url| !url.is_empty()) {
                let path = url.strip_prefix(URL).unwrap();
                let file = http::Request::builder().uri(path).body(Body::empty()).unwrap();
                let (status, _, body) = case.send(file).await;
                assert_eq!(status, StatusCode::FORBIDDEN, "{id}: {}", String::from_utf8_lossy(&body));
            }
        }
    });
}

#[test]
fn every_family_tells_how_a_task_failed() {
    run(async |case| {
        for plan in case.plans() {
            let Some(rule) = made(&case, plan.chosen) else { continue };
            let id = plan.chosen.id();
            let script = vec![TaskStep::running(10), TaskStep::failed("no such luck")];
            let polls = case.polls(&plan, rule, script, 3).await;
            for (status, answer, own) in &polls[1..] {
                assert_eq!((*status, Class::of(&word(own, answer))), (200, Some(Class::Failed)), "{id}: {answer}");
                assert!(own.error.is_empty() || answer.to_string().contains("no such luck"), "{id}: {answer}");
                assert!(urls(own, answer).iter().all(String::is_empty), "{id}: {answer}");
                let schema = &own.schema;
                let complaints = schema.complaints(&case.document().schemas, answer).unwrap();
                assert!(complaints.is_empty(), "{id} answers {answer}: {complaints:?}");
            }
            let script = vec![TaskStep::cancelled(), TaskStep::waiting().with_error(json!({"message": "", "code": ""}))];
            let polls = case.polls(&plan, rule, script, 2).await;
            let told = word(polls[0].2, &polls[0].1).to_lowercase();
            assert!(told.starts_with("cancel"), "{id}: {}", polls[0].1);
            let (_, answer, own) = &polls[1];
            let error = own.error.first().and_then(|pointer| pointer.read(answer)).cloned();
            let ordered = json!({"message": "", "code": ""});
            assert_eq!(error, own.error.first().map(|_| ordered), "{id}: {answer}");
        }
    });
}

#[test]
fn several_tasks_are_told_in_one_answer() {
    run(async |case| {
        for plan in case.plans() {
            let Some(rule) = made(&case, plan.chosen) else { continue };
            let Some(batch) = rule.batch.as_deref().and_then(|id| case.document().named(id)) else { continue };
            let id = plan.chosen.id();
            let mut ids = Vec::new();
            for step in [TaskStep::running(40), TaskStep::answers(Reply::status(404)), TaskStep::done()] {
                let which = Which { times: Some(1), ..Which::default() };
                case.system.plans.add(Order { which, action: Action::Task(Arc::new([step].into())) });
                let (_, _, body) = case.send(case.request(&plan, None)).await;
                let created: Value = serde_json::from_slice(&body).unwrap();
                ids.push(text_of(rule.id.iter().find_map(|pointer| pointer.read(&created)).unwrap()));
            }
            let asked = json!({"ids": [ids[2], "nobody-made-this", ids[1], ids[0]]});
            let mut request = case.request(&case.plans_of(batch)[0], None);
            *request.body_mut() = Body::from(asked.to_string());
            let (status, _, body) = case.send(request).await;
            let answer: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(status, StatusCode::OK, "{id}: {answer}");
            case.check_answer(batch, &answer);
            let list = case.document().item_list(case.media(batch, "application/json")).unwrap();
            let items = list.at.read(&answer).unwrap().as_array().unwrap();
            let told: Vec<_> = items
                .iter()
                .map(|item| (text_of(list.rule.id[0].read(item).unwrap()), Class::of(&word(list.rule, item))))
                .collect();
            assert_eq!(told, [(ids[2].clone(), Some(Class::Done)), (ids[0].clone(), Some(Class::Running))], "{id}: {answer}");
        }
    });
}
