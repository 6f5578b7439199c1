//! The connections that clients hold: only so many at a time, and none for long of which nothing is asked.

use axum::body::{Body, HttpBody};
use axum::http::Response;
use axum_server::accept::Accept;
use http_body_util::BodyExt as _;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep_until};
use tower::Service;

/// How many connections may be open at a time.
const MOST_CONNECTIONS: usize = 512;
/// How long a connection is kept of which nothing is asked, whatever else it sends.
const LONGEST_IDLE: Duration = Duration::from_mins(2);

/// Lets only so many connections in; the others are turned away.
#[derive(Clone)]
pub(super) struct Limited<A> {
    inner: A,
    places: Arc<Semaphore>,
}

impl<A> Limited<A> {
    /// Over an acceptor that does the rest.
    pub(super) fn new(inner: A) -> Self {
        Self {
            inner,
            places: Arc::new(Semaphore::new(MOST_CONNECTIONS)),
        }
    }
}

type Accepted<S, T> = Pin<Box<dyn Future<Output = io::Result<(S, T)>> + Send>>;

impl<A, S> Accept<TcpStream, S> for Limited<A>
where
    A: Accept<TcpStream, S>,
    A::Future: Send + 'static,
    A::Stream: Send,
    A::Service: Send,
{
    type Stream = Held<A::Stream>;
    type Service = Counted<A::Service>;
    type Future = Accepted<Self::Stream, Self::Service>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return Box::pin(async { Err(io::Error::other("too many connections")) });
        };
        let accepting = self.inner.accept(stream, service);
        Box::pin(async move {
            let (stream, service) = accepting.await?;
            let requests = Requests::default();
            let held = Held {
                idle: Box::pin(sleep_until(Instant::now() + LONGEST_IDLE)),
                longest: LONGEST_IDLE,
                requests: requests.clone(),
                stream,
                _place: place,
            };
            Ok((held, Counted { service, requests }))
        })
    }
}

/// The requests of one connection that are open.
#[derive(Clone, Default)]
struct Requests(Arc<Mutex<Open>>);

struct Open {
    count: usize,
    /// When the last of them began or ended.
    changed: Instant,
}

impl Default for Open {
    fn default() -> Self {
        Self {
            count: 0,
            changed: Instant::now(),
        }
    }
}

impl Requests {
    /// One that is open until what comes back is dropped.
    fn open(&self) -> Request {
        self.change(1);
        Request(self.clone())
    }

    fn change(&self, by: isize) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.count = open.count.saturating_add_signed(by);
        open.changed = Instant::now();
    }

    /// Since when there is none; `None` while there is one.
    fn idle_since(&self) -> Option<Instant> {
        let open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (open.count == 0).then_some(open.changed)
    }
}

struct Request(Requests);

impl Drop for Request {
    fn drop(&mut self) {
        self.0.change(-1);
    }
}

/// A service that knows which requests are open: each until its answer went out as a whole.
#[derive(Clone)]
pub(super) struct Counted<S> {
    service: S,
    requests: Requests,
}

impl<S, R, B> Service<R> for Counted<S>
where
    S: Service<R, Response = Response<B>>,
    S::Future: Send + 'static,
    B: HttpBody<Data = axum::body::Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let open = self.requests.open();
        let answering = self.service.call(request);
        Box::pin(async move {
            let answer = answering.await?;
            // Dropped with the body.
            Ok(answer.map(|body| {
                Body::new(body.map_frame(move |frame| {
                    let _still = &open;
                    frame
                }))
            }))
        })
    }
}

/// A stream that gives its place back when it ends, and ends when nothing is asked for too long.
pub(super) struct Held<S> {
    stream: S,
    requests: Requests,
    idle: Pin<Box<Sleep>>,
    longest: Duration,
    _place: OwnedSemaphorePermit,
}

impl<S> Held<S> {
    /// Ready when nothing was asked for too long.
    fn poll_idle(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.idle.as_mut().poll(context));
            let since = self.requests.idle_since().unwrap_or_else(Instant::now);
            let end = since + self.longest;
            if end <= Instant::now() {
                return Poll::Ready(());
            }
            self.idle.as_mut().reset(end);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Held<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        // Looked at first: who sends pings without end is never waited for.
        if self.poll_idle(context).is_ready() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Held<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

    /// A connection that is idle for long at once; its other end.
    fn held(requests: &Requests) -> (Held<DuplexStream>, DuplexStream) {
        let (stream, client) = duplex(64);
        let place = Arc::new(Semaphore::new(1)).try_acquire_owned().expect("free");
        let longest = Duration::from_millis(20);
        let held = Held {
            idle: Box::pin(sleep_until(Instant::now() + longest)),
            longest,
            requests: requests.clone(),
            stream,
            _place: place,
        };
        (held, client)
    }

    #[tokio::test]
    async fn a_connection_of_which_nothing_is_asked_ends_whatever_it_sends() {
        let (mut held, mut client) = held(&Requests::default());
        let pings = async {
            while client.write_all(b"ping").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let reading = async {
            let mut all = Vec::new();
            held.read_to_end(&mut all).await.expect("read");
            drop(held);
        };
        tokio::join!(pings, reading);
    }

    #[tokio::test]
    async fn a_connection_with_an_open_request_stays() {
        let requests = Requests::default();
        let (mut held, mut client) = held(&requests);
        let open = requests.open();
        let late = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            client.write_all(b"late").await.expect("written");
        };
        let mut read = [0; 4];
        let (count, ()) = tokio::join!(held.read(&mut read), late);
        assert_eq!(count.expect("read"), 4);
        drop(open);
        let mut rest = Vec::new();
        held.read_to_end(&mut rest).await.expect("ends though the other end holds it");
        drop(client);
    }
}
