//! What works, but is hardly meant.

use super::{loader, mistakes, report};

fn advised(files: &str) -> String {
    report(&loader(files).profile("debgu"))
}

mistakes! { advised;
    nothing_uses_it: "services:\n  web:\n    image: nginx\n    profiles: [debug]\nvolumes:\n  data: {}\nnetworks:\n  front: {}\nsecrets:\n  token:\n    environment: TOKEN\n";
    ports_collide: "services:\n  web:\n    image: nginx\n    ports:\n      - \"8080:80\"\n  api:\n    image: api\n    ports:\n      - target: 80\n        published: 8080\n  debug:\n    image: x\n    profiles: [debgu]\n";
    replicas_want_one_port: "services:\n  web:\n    image: nginx\n    ports: [\"8080:80\"]\n    deploy:\n      replicas: 3\n  debug:\n    image: x\n    profiles: [debgu]\n";
    shell_syntax_in_a_command: "services:\n  web:\n    image: nginx\n    command: cd /srv && ./start\n    profiles: [debgu]\n";
    nothing_is_there: "services:\n  web:\n    build: ./wep\n    profiles: [debgu]\n    volumes:\n      - ./nginx.cnof:/etc/nginx.conf\n      - type: bind\n        source: ./data\n        target: /data\n    secrets: [token]\nsecrets:\n  token:\n    file: token.txt\n";
}
