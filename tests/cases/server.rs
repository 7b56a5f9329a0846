//! A server that plays the case which a request names, one HTTP chunk for each piece.

use std::sync::Arc;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use super::file::Case;
use crate::raw::{chunk, read};

pub struct Server {
    pub url: String,
    accepting: tokio::task::AbortHandle,
}

impl Server {
    pub async fn start(cases: &[Case]) -> Self {
        let answers: Arc<Vec<Vec<Vec<u8>>>> =
            Arc::new(cases.iter().map(|case| case.cuts.iter().map(|(_, pieces)| answer(case, pieces)).collect()).collect());
        let breaks_off: Arc<Vec<bool>> = Arc::new(cases.iter().map(|case| case.breaks_off).collect());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let accepting = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, Arc::clone(&answers), Arc::clone(&breaks_off)));
            }
        });
        Self { url, accepting: accepting.abort_handle() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(mut socket: TcpStream, answers: Arc<Vec<Vec<Vec<u8>>>>, breaks_off: Arc<Vec<bool>>) {
    let _ = socket.set_nodelay(true);
    while let Some(request) = read(&mut socket).await {
        let (number, cut) = request.header("x-case").unwrap().split_once('/').unwrap();
        let (number, cut): (usize, usize) = (number.parse().unwrap(), cut.parse().unwrap());
        if socket.write_all(&answers[number][cut]).await.is_err() || breaks_off[number] {
            return;
        }
    }
}

fn answer(case: &Case, pieces: &[Vec<u8>]) -> Vec<u8> {
    let media = case.media.iter().map(|media| format!("content-type: {media}\r\n")).collect::<String>();
    let mut bytes = format!("HTTP/1.1 {} \r\n{media}transfer-encoding: chunked\r\n\r\n", case.status).into_bytes();
    pieces.iter().for_each(|piece| bytes.extend(chunk(piece)));
    if !case.breaks_off {
        bytes.extend(b"0\r\n\r\n");
    }
    bytes
}
