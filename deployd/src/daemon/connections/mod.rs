//! The connections that clients hold: only so many at a time, and none for long of which nothing is asked.

mod places;

use crate::daemon::peer::Network;
use axum::body::{Body, HttpBody};
use axum::http::{Extensions, Request, Response};
use axum_server::accept::Accept;
use http_body_util::BodyExt as _;
use places::{Limits, Number, Places};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::WaitForCancellationFutureOwned;
use tower::Service;

/// How many connections may be open at a time. A quarter is kept for callers who showed who they are, another for those who
/// are about to.
const LIMITS: Limits = Limits {
    all: 512,
    strangers: 384,
    known: 384,
};
/// How long a connection is kept of which nothing is asked, whatever else it sends.
const LONGEST_IDLE: Duration = Duration::from_mins(2);

/// Gives every connection a place, and ends those whose place goes to another one.
#[derive(Clone)]
pub(super) struct Limited<A> {
    inner: A,
    places: Arc<Mutex<Places>>,
}

impl<A> Limited<A> {
    /// Over an acceptor that does the rest.
    pub(super) fn new(inner: A) -> Self {
        Self {
            inner,
            places: Arc::new(Mutex::new(Places::new(LIMITS))),
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
        let network = match stream.peer_addr() {
            Ok(address) => Network::of(address.ip()),
            Err(error) => return Box::pin(async { Err(error) }),
        };
        let (seat, end) = Seat::take(&self.places, network);
        let accepting = self.inner.accept(stream, service);
        Box::pin(async move {
            let (stream, service) = tokio::select! {
                accepted = accepting => accepted?,
                () = end.cancelled() => return Err(given_away()),
            };
            let place = seat.0.clone();
            let held = Held {
                idle: Box::pin(sleep_until(Instant::now() + LONGEST_IDLE)),
                longest: LONGEST_IDLE,
                end: Box::pin(end.cancelled_owned()),
                stream,
                seat,
            };
            Ok((held, Counted { service, place }))
        })
    }
}

fn given_away() -> io::Error {
    io::Error::new(
        io::ErrorKind::ConnectionAborted,
        "the place of this connection is needed for another one",
    )
}

/// The place of a connection, as its requests see it.
#[derive(Clone, Debug)]
pub(super) struct Place {
    places: Arc<Mutex<Places>>,
    number: Number,
}

impl Place {
    /// The one of the connection by which a request came; none where there is no socket.
    pub(super) fn of(extensions: &Extensions) -> Option<Self> {
        extensions.get::<Self>().cloned()
    }

    /// The caller showed who they are: from now on the place is theirs.
    pub(super) fn know(&self, holder: &str) {
        self.places().know(self.number, holder);
    }

    /// The caller is not merely silent.
    pub(super) fn stir(&self) {
        self.places().stir(self.number, Instant::now());
    }

    /// A request that is open until what comes back is dropped.
    fn open(&self) -> OpenRequest {
        self.places().open(self.number, Instant::now());
        OpenRequest(self.clone())
    }

    fn idle_since(&self) -> Option<Instant> {
        self.places().idle_since(self.number)
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place itself, given back when it is dropped.
struct Seat(Place);

impl Seat {
    fn take(places: &Arc<Mutex<Places>>, network: Network) -> (Self, tokio_util::sync::CancellationToken) {
        let (number, end) = places.lock().unwrap_or_else(PoisonError::into_inner).take(network, Instant::now());
        let places = Arc::clone(places);
        (Self(Place { places, number }), end)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.places().leave(self.0.number);
    }
}

struct OpenRequest(Place);

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.0.places().close(self.0.number, Instant::now());
    }
}

/// A service that knows which requests are open, each until its answer went out as a whole, and tells each its place.
#[derive(Clone)]
pub(super) struct Counted<S> {
    service: S,
    place: Place,
}

impl<S, B, C> Service<Request<C>> for Counted<S>
where
    S: Service<Request<C>, Response = Response<B>>,
    S::Future: Send + 'static,
    B: HttpBody<Data = axum::body::Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<C>) -> Self::Future {
        let open = self.place.open();
        request.extensions_mut().insert(self.place.clone());
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

/// A stream that gives its place back when it ends, and ends when the place is another's or nothing is asked for too long.
pub(super) struct Held<S> {
    stream: S,
    idle: Pin<Box<Sleep>>,
    longest: Duration,
    end: Pin<Box<WaitForCancellationFutureOwned>>,
    seat: Seat,
}

impl<S> Held<S> {
    /// Ready when nothing was asked for too long.
    fn poll_idle(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.idle.as_mut().poll(context));
            let since = self.seat.0.idle_since().unwrap_or_else(Instant::now);
            let end = since + self.longest;
            if end <= Instant::now() {
                return Poll::Ready(());
            }
            self.idle.as_mut().reset(end);
        }
    }

    /// Fails once the place is another's. Asked by everything that may wait, so that whoever is waited for then wakes up.
    fn check_end(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        match self.end.as_mut().poll(context) {
            Poll::Ready(()) => Err(given_away()),
            Poll::Pending => Ok(()),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Held<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.check_end(context)?;
        // Looked at first: who sends pings without end is never waited for.
        if self.poll_idle(context).is_ready() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Held<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check_end(context)?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.check_end(context)?;
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check_end(context)?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check_end(context)?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

    fn places(all: usize) -> Arc<Mutex<Places>> {
        let limits = Limits {
            all,
            strangers: all,
            known: 0,
        };
        Arc::new(Mutex::new(Places::new(limits)))
    }

    /// A connection that may be idle for so long; its other end.
    fn held(places: &Arc<Mutex<Places>>, longest: Duration) -> (Held<DuplexStream>, DuplexStream) {
        let (stream, client) = duplex(64);
        let (seat, end) = Seat::take(places, Network::of(Ipv4Addr::LOCALHOST.into()));
        let held = Held {
            idle: Box::pin(sleep_until(Instant::now() + longest)),
            longest,
            end: Box::pin(end.cancelled_owned()),
            stream,
            seat,
        };
        (held, client)
    }

    const SHORT: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn a_connection_of_which_nothing_is_asked_ends_whatever_it_sends() {
        let (mut held, mut client) = held(&places(1), SHORT);
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
        let (mut held, mut client) = held(&places(1), SHORT);
        let open = held.seat.0.open();
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

    #[tokio::test]
    async fn a_connection_ends_when_its_place_is_another_s_whatever_it_waits_for() {
        let places = places(2);
        let (mut reads, _silent) = held(&places, LONGEST_IDLE);
        let (mut writes, _full) = held(&places, LONGEST_IDLE);
        let newcomers = async {
            tokio::time::sleep(SHORT).await;
            [held(&places, LONGEST_IDLE), held(&places, LONGEST_IDLE)]
        };
        let mut buffer = [0; 4];
        let (read, written, newcomers) = tokio::join!(reads.read(&mut buffer), writes.write_all(&[0; 100]), newcomers);
        let kinds = [read.expect_err("ends").kind(), written.expect_err("ends").kind()];
        assert_eq!(kinds, [io::ErrorKind::ConnectionAborted; 2]);
        drop((reads, writes));
        // What ended gives no place back that is another's.
        let numbers = newcomers.map(|(held, _)| held.seat.0.idle_since().is_some());
        assert_eq!(numbers, [true; 2]);
    }
}
