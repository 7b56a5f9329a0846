//! What the gateway posts to an address of the caller's.

use octopusx::midjourney::{MidjourneyTaskStatus, parse_task_notification};
use octopusx::tasks::TaskState;

#[test]
fn a_notification_is_read_as_the_task_and_can_be_followed() {
    let posted =
        r#"{"id": "1712", "status": "SUCCESS", "imageUrl": "https://files.example/1.png", "progress": "100%", "new": 1}"#;
    let task = parse_task_notification(posted).unwrap();
    assert_eq!((task.state(), task.status.clone()), (TaskState::Succeeded, Some(MidjourneyTaskStatus::Success)));
    assert_eq!(task.media_urls(), ["https://files.example/1.png"]);
    assert_eq!((task.task_ref().unwrap().kind(), task.task_ref().unwrap().id()), ("midjourney", "1712"));
    assert_eq!(task.extra["new"], 1);
}

#[test]
fn what_is_no_notification_is_an_error_with_its_place() {
    for (posted, says) in [
        (&b""[..], "can't be read"),
        (b"<html>", "can't be read"),
        (b"{\"status\": \"SUCCESS\"}", "`id`"),
        (b"{\"id\": {}}", "at `id`"),
        (b"{\"id\": \"\xff\"}", "utf-8"),
    ] {
        let error = parse_task_notification(posted).unwrap_err();
        assert!(error.is_decode() && error.to_string().contains(says), "{error}");
    }
}
