import { FieldList } from "../../../src/http/field-list.ts";
import { Answer, type AnswerBody } from "../../../src/pipeline/answer.ts";
import { fieldsOf } from "../../support/fields.ts";

export { asResponse } from "../../support/client-request.ts";

/** An answer with these fields, whose names are in lower case. */
export function answerWith(
  body: AnswerBody,
  fields: Readonly<Record<string, string>>,
  status = 200,
): Answer {
  return new Answer(body, {
    status,
    fields: new FieldList(fieldsOf(...Object.entries(fields).flat())),
  });
}
