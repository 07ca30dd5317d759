// POST /progress: what an instance tells of how far it is, over HTTP. Nobody is asked for
// credentials, since a command in its sandbox has none; who knows the instance's id may speak for
// it.

#include "rest.h"

namespace maitred::cook {

using http::Request;
using http::Response;

Rest::Answer Rest::takeProgress(Request& request) {
  Uuid task = uuidOf(request.param("uuid"));
  ProgressReport report = readProgress(request.json());
  Book::Found found = queue.book().findTask(task);
  if (!found) {
    throw Refused(404, "The following UUIDs don't correspond to a job instance:\n" + task.text());
  }
  queue.progressed(task, std::move(report));
  return Response::json(202, {{"instance", task.text()},
                              {"job", found.job->spec.id.text()},
                              {"message", "progress update accepted"}});
}

}  // namespace maitred::cook
