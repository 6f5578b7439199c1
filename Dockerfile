# The daemon's image, as `docker build -t inertia .` makes it: the program, statically linked, and nothing else.
#
#   docker run -d --name inertia --restart unless-stopped -p 8081:8081 \
#     -v /var/run/docker.sock:/var/run/docker.sock -v $HOME:/app/host \
#     -e DAEMON=true -e HOME=$HOME -e SSH_KNOWN_HOSTS=/app/host/.ssh/known_hosts inertia
#
# RUST     the image in which the program is built
# PROGRAM  the stage that the program comes from: `built` here, or `prebuilt` as target/release/inertia
ARG RUST=rust:1-slim-bookworm
ARG PROGRAM=built

FROM ${RUST} AS built
WORKDIR /src
COPY . .
RUN cargo build --locked --release --package inertia-cli --target-dir /target \
    && install -D /target/release/inertia /image/inertia

FROM scratch AS prebuilt
COPY target/release/inertia /image/inertia

FROM ${PROGRAM} AS program

FROM scratch
COPY --from=program /image/ /
# Makes /tmp.
WORKDIR /tmp
EXPOSE 8081
ENTRYPOINT ["/inertia"]
# The host's home folder is mounted at /app/host: what the daemon keeps has to outlive its container.
CMD ["daemon", "--state", "/app/host/.inertia"]
