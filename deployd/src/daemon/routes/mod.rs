//! The API: one file per subject, handlers thin. Every route is added together with its description,
//! so that `/openapi.json` cannot leave one out.

mod audit;
mod deployments;
mod environment;
mod events;
mod extract;
mod lifecycle;
mod logs;
mod metrics;
mod openapi;
mod plan;
mod projects;
mod repository;
mod server;
mod services;
mod status;
mod tokens;
mod users;
pub(crate) mod webhooks;

pub(crate) use projects::secret_place;

use crate::daemon::Daemon;
use crate::daemon::problem;
use crate::wire::Role;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::http::StatusCode;
use axum::routing::{MethodFilter, on};
use std::time::Duration;
use tower_http::timeout::TimeoutLayer;

/// How long a request may take to be answered; streams are answered at once.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(10);

/// What a route is for.
#[derive(Clone, Copy, Debug)]
struct Operation {
    method: Verb,
    path: &'static str,
    summary: &'static str,
    /// The least that a token must allow; `None` where none is needed.
    needs: Option<Role>,
    /// What may stand after the question mark, in the form of the fields of schemas.
    query: &'static str,
    /// The schema of the request's body.
    body: Option<&'static str>,
    /// The status of success, and the schema of its body; `[Name]` is a list.
    answer: (u16, Option<&'static str>),
}

/// The methods that the API uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Get,
    Put,
    Post,
    Delete,
}

impl Verb {
    fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Put => MethodFilter::PUT,
            Self::Post => MethodFilter::POST,
            Self::Delete => MethodFilter::DELETE,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Put => "put",
            Self::Post => "post",
            Self::Delete => "delete",
        }
    }
}

impl Operation {
    const fn new(method: Verb, path: &'static str, summary: &'static str) -> Self {
        Self {
            method,
            path,
            summary,
            needs: None,
            query: "",
            body: None,
            answer: (200, None),
        }
    }

    const fn needs(mut self, role: Role) -> Self {
        self.needs = Some(role);
        self
    }

    const fn query(mut self, fields: &'static str) -> Self {
        self.query = fields;
        self
    }

    const fn body(mut self, schema: &'static str) -> Self {
        self.body = Some(schema);
        self
    }

    const fn answers(mut self, status: u16, schema: &'static str) -> Self {
        self.answer = (status, Some(schema));
        self
    }

    const fn answers_nothing(mut self) -> Self {
        self.answer = (204, None);
        self
    }
}

const fn get(path: &'static str, summary: &'static str) -> Operation {
    Operation::new(Verb::Get, path, summary)
}

const fn put(path: &'static str, summary: &'static str) -> Operation {
    Operation::new(Verb::Put, path, summary)
}

const fn post(path: &'static str, summary: &'static str) -> Operation {
    Operation::new(Verb::Post, path, summary)
}

const fn delete(path: &'static str, summary: &'static str) -> Operation {
    Operation::new(Verb::Delete, path, summary)
}

/// Routes with their descriptions.
#[derive(Default)]
struct Api {
    router: Router<Daemon>,
    operations: Vec<Operation>,
}

impl Api {
    fn add<H: Handler<T, Daemon>, T: 'static>(mut self, operation: Operation, handler: H) -> Self {
        self.router = self.router.route(operation.path, on(operation.method.filter(), handler));
        self.operations.push(operation);
        self
    }
}

fn api() -> Api {
    let subjects = [
        server::routes as fn(Api) -> Api,
        tokens::routes,
        users::routes,
        projects::routes,
        repository::routes,
        status::routes,
        plan::routes,
        deployments::routes,
        events::routes,
        lifecycle::routes,
        logs::routes,
        environment::routes,
        audit::routes,
        webhooks::routes,
    ];
    subjects.into_iter().fold(Api::default(), |api, routes| routes(api))
}

/// The API as a service, without a socket.
pub fn app(daemon: Daemon) -> Router {
    let Api { router, operations } = api();
    let document = openapi::document(&operations, daemon.version());
    router
        .route("/openapi.json", axum::routing::get(move || async move { axum::Json(document) }))
        .fallback(problem::no_such_path)
        .method_not_allowed_fallback(problem::no_such_method)
        .layer(DefaultBodyLimit::disable())
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, ANSWER_TIMEOUT))
        .with_state(daemon)
}
