import { FieldList } from "../../../src/http/field-list.ts";
import { fieldsOf } from "../../support/fields.ts";
import { HeadersCache } from "../../../src/http/headers-cache.ts";
import { Answer, type AnswerBody, toResponse } from "../../../src/pipeline/answer.ts";

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

/** The answer as the listener gets it. */
export function asResponse(answer: Answer): Response {
  return toResponse(answer, new HeadersCache());
}
