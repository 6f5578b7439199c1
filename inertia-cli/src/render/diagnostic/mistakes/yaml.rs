//! What is no YAML, or not the YAML that is meant.

use super::{mistakes, shown};

mistakes! { shown;
    question_mark_in_brackets: "services:\n  web:\n    image: nginx\n    command: [curl, http://localhost/?q=1]\n";
    merge_conflict: "services:\n  web:\n<<<<<<< HEAD\n    image: nginx:1\n=======\n    image: nginx:2\n>>>>>>> other\n";
    braces_of_a_template: "services:\n  web:\n    image: {{ IMAGE }}\n";
    tag_that_goes_on: "services:\n  web:\n    image: nginx\n    ports: [!x, a: b]\n    environment: {A: !y, B: c}\n";
    tab_in_indentation: "services:\n  web:\n\timage: nginx\n";
    unclosed_quote: "services:\n  web:\n    image: \"nginx\n    restart: always\n";
    unclosed_bracket: "services:\n  web:\n    image: nginx\n    ports: [\"80:80\", \"81:81\"\n    restart: always\n";
    colon_in_a_value: "services:\n  web:\n    image: nginx\n    command: echo: hello\n";
    key_too_far_left: "services:\n  web:\n    image: nginx\n   restart: always\n";
    key_too_far_right: "services:\n  web:\n    image: nginx\n      restart: always\n";
    no_blank_behind_the_colon: "services:\n  web:\n    image:nginx\n";
    list_without_a_blank: "services:\n  web:\n    image: nginx\n    ports:\n      -80:80\n";
    at_sign_at_the_start: "services:\n  web:\n    image: @registry/nginx\n";
    backslash_in_double_quotes: "services:\n  web:\n    image: nginx\n    command: \"grep \\d+\"\n";
    star_without_quotes: "services:\n  web:\n    image: nginx\n    environment:\n      HOSTS: *\n";
    number_as_a_key: "services:\n  web:\n    image: nginx\n    labels:\n      80: http\n";
    duplicate_key: "services:\n  web:\n    image: nginx\n    image: apache\n";
    duplicate_service: "services:\n  web:\n    image: nginx\n  web:\n    image: apache\n";
    anchor_without_definition: "x-defaults: &defaults {A: b}\nservices:\n  web:\n    image: nginx\n    environment: *default\n";
    merge_of_a_list: "services:\n  web:\n    image: nginx\n    <<: [a, b]\n";
    version_directive: "%YAML 1.2\n---\nservices:\n  web:\n    image: nginx\n";
    first_document_is_empty: "---\n---\nservices:\n  web:\n    image: nginx\n";
    empty_file: "# nothing yet\n";
    a_list_instead_of_a_mapping: "- services\n";
    a_page_of_html: "<!DOCTYPE html>\n<html>\n<body>404: Not Found</body>\n";
    json_with_a_comma_missing: "{\"services\": {\n  \"web\": {\"image\": \"nginx\"}\n  \"db\": {\"image\": \"postgres\"}\n}}\n";
    control_character: "services:\n  web:\n    image: ngi\u{1}nx\n";
}
