//! Variables, and the files that set them.

use super::{mistakes, shown};

mistakes! { shown;
    unset_variable: "services:\n  web:\n    image: nginx:${TAG}\n";
    unset_variable_in_a_long_text: "services:\n  web:\n    image: nginx\n    command: |\n      first\n      second $NAME\n";
    required_variable: "services:\n  web:\n    image: nginx:${TAG:?say which}\n";
    unclosed_variable: "services:\n  web:\n    image: nginx:${TAG\n";
    variable_without_a_name: "services:\n  web:\n    image: nginx\n    command: echo ${}\n";
    nothing_for_a_number: "services:\n  web:\n    image: nginx\n    deploy:\n      replicas: ${N}\n";
    nothing_for_an_image: "services:\n  web:\n    image: ${IMG}\n";
    dollar_in_a_password: "services:\n  web:\n    image: nginx\n    environment:\n      PW: pa$word\n";
    dot_in_a_name: "services:\n  web:\n    image: nginx\n    command: echo ${app.version}\n";
    unclosed_default: "services:\n  web:\n    image: nginx:${TAG:-${OTHER:-1}\n";
    bad_number_from_a_variable: "services:\n  web:\n    image: nginx\n    scale: $COUNT\n=== .env\nTAG=1\nCOUNT=three\n";
    bad_boolean_from_an_empty_variable: "services:\n  web:\n    image: nginx\n    privileged: ${ROOT}\n=== .env\nROOT=\n";
    bad_size_from_a_variable: "services:\n  web:\n    image: nginx\n    mem_limit: ${LIMIT:-512m}\n=== .env\nLIMIT=half\n";
    bad_port_from_a_variable: "services:\n  web:\n    image: nginx\n    ports:\n      - \"${PORT}:80\"\n=== .env\nPORT=http\n";
    unterminated_quote_in_dotenv: "services:\n  web:\n    image: nginx\n=== .env\nTAG=1\nNAME=\"shop\n";
    blank_in_a_name_in_dotenv: "services:\n  web:\n    image: nginx\n=== .env\nMY NAME=shop\n";
    json_as_dotenv: "services:\n  web:\n    image: nginx\n=== .env\n{\"TAG\": 1}\n";
    missing_env_file: "services:\n  web:\n    image: nginx\n    env_file: prod.env\n";
    env_file_is_a_folder: "services:\n  web:\n    image: nginx\n    env_file: env\n=== env/prod\nA=1\n";
    unknown_format_of_an_env_file: "services:\n  web:\n    image: nginx\n    env_file:\n      - path: prod.env\n        format: json\n=== prod.env\nA=1\n";
    mistake_in_an_env_file: "services:\n  web:\n    image: nginx\n    env_file: prod.env\n=== prod.env\nA=1\nB='x\n";
    unset_variable_in_an_env_file: "services:\n  web:\n    image: nginx\n    env_file: prod.env\n=== prod.env\nA=1\nURL=http://${HOST}/\n";
    missing_label_file: "services:\n  web:\n    image: nginx\n    label_file: web.labels\n";
}
