//! `octopusx chat`: one question, or a conversation.

use std::io::{BufRead, IsTerminal, Write};

use octopusx::Client;
use octopusx::chat::{ChatCompletionRequest, ChatMessage};

use crate::args::{Chat, Session};
use crate::failure::Failure;
use crate::output::Output;
use crate::session::text_of;

pub async fn run(session: &Session, chat: &Chat, output: &Output) -> Result<(), Failure> {
    let client = session.octopusx("chat")?;
    let mut messages: Vec<ChatMessage> = chat.system_prompt.iter().map(|text| ChatMessage::system(text.as_str())).collect();
    if chat.prompt.is_none() && std::io::stdin().is_terminal() {
        return converse(&client, chat, messages, output).await;
    }
    messages.push(ChatMessage::user(text_of(chat.prompt.as_deref().unwrap_or("-"))?));
    if output.json {
        let answer = client.chat().create(&request(chat, &messages)).await?;
        return output.line(&String::from_utf8_lossy(answer.raw()));
    }
    answer(&client, chat, &messages, output).await.map(drop)
}

fn request(chat: &Chat, messages: &[ChatMessage]) -> ChatCompletionRequest {
    let request = ChatCompletionRequest::new(&chat.model, messages.to_vec());
    chat.settings.iter().fold(request, |request, (name, value)| request.with_extra(name, value.clone()))
}

/// Prints the answer as it comes, and gives it back.
async fn answer(client: &Client, chat: &Chat, messages: &[ChatMessage], output: &Output) -> Result<String, Failure> {
    let mut texts = client.chat().create_stream(&request(chat, messages)).await?.text_stream();
    let mut whole = String::new();
    while let Some(text) = texts.next().await {
        let text = match text {
            Ok(text) => text,
            Err(error) => {
                // What came is on the screen already; the error begins a line of its own.
                output.line("")?;
                return Err(error.into());
            }
        };
        output.piece(&text)?;
        whole.push_str(&text);
    }
    output.line("")?;
    Ok(whole)
}

/// Until the input ends. A failed answer does not end it.
async fn converse(client: &Client, chat: &Chat, mut messages: Vec<ChatMessage>, output: &Output) -> Result<(), Failure> {
    output.note("Ctrl-D ends the conversation.");
    loop {
        let _ = write!(std::io::stderr(), "> ");
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line).map_err(|error| Failure::local("can't read", &error))?;
        if read == 0 {
            return Ok(());
        }
        if line.trim().is_empty() {
            continue;
        }
        messages.push(ChatMessage::user(line.trim()));
        match answer(client, chat, &messages, output).await {
            Ok(text) => messages.push(ChatMessage::assistant(text)),
            Err(Failure::Closed) => return Err(Failure::Closed),
            Err(failure) => {
                failure.end(output);
                messages.pop();
            }
        }
    }
}
